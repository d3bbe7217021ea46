import { ModelCache } from '../../libs/cache/src/features/model/model-cache.js';
import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import { createCache } from './cache.js';

export const SECRET = 'a secret of the tests, long enough';
export const QUESTION = { modelId: 'llama', input: '¿Qué es el NIE?', workspaceId: 'w1' } as const;

/** A model cache in memory, whose time stands still; `open` makes others on the same store. */
export function create(options: ModelCacheOptions = {}) {
  const { cache, manager, clock } = createCache();
  const open = (changes: ModelCacheOptions = options): ModelCache =>
    new ModelCache({ engine: cache.engine, clock }, { secret: SECRET, ...changes });
  return { models: open(), open, manager, clock };
}
