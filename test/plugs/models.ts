import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import type { ModelCache } from '@mobius1/cache/standalone';

const open: CacheInstance[] = [];

/** A model cache in memory, in real time: SDKs have their own timers. */
export function createModels(model: ModelCacheOptions = {}, cache: CacheOptions = {}): ModelCache {
  const instance = new CacheInstance({ ...cache, model: { secret: 'a secret of the tests, long enough', ...model } });
  open.push(instance);
  return instance.models;
}

/** After each test. */
export async function closeModels(): Promise<void> {
  await Promise.all(open.splice(0).map((instance) => instance.close()));
}
