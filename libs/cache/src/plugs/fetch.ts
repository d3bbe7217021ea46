/**
 * The model cache before SDKs that speak HTTP like OpenAI or Anthropic. None of them is loaded.
 *
 * @example
 * const openai = new OpenAI({ fetch: cachedFetch(modelCache, { workspaceId: 'w1' }) });
 */
export { cachedFetch } from './fetch/cached-fetch.js';
export type { CachedFetchOptions, Fetch, ModelCall } from './fetch/fetch-options.js';
