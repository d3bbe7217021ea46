/**
 * The model cache in the AI SDK. For `ai` 5 and 6, neither of which is loaded.
 *
 * @example
 * const model = wrapLanguageModel({ model: openai('gpt-5'), middleware: cacheLanguageModel(modelCache, { workspaceId: 'w1' }) });
 */
export type { AiSdkCacheOptions, MobiusProviderOptions } from './ai-sdk/call-options.js';
export {
  cacheEmbeddingModel,
  type EmbeddingModelCacheMiddleware,
  wrapEmbeddingModelV2,
} from './ai-sdk/embedding-model.js';
export { cacheLanguageModel, type LanguageModelCacheMiddleware } from './ai-sdk/language-model.js';
