/**
 * The model cache in LangChain. Needs `@langchain/core`, which `@mobius1/cache` itself does not.
 *
 * @example
 * const model = new ChatOpenAI({ model: 'gpt-5', cache: new LangChainCache(modelCache, { workspaceId: 'w1' }) });
 */
export { LangChainCache, type LangChainCacheOptions } from './langchain/langchain-cache.js';
