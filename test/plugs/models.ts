import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import type { ModelCacheOptions } from '../../libs/cache/src/features/model/model-options.js';
import type { ModelCache } from '@mobius1/cache/standalone';
import { redisOptions } from '../support/cache.js';

const open: CacheInstance[] = [];

const SECRET = 'a secret of the tests, long enough';

function create(model: ModelCacheOptions, cache: CacheOptions): CacheInstance {
  const instance = new CacheInstance({ ...cache, model: { secret: SECRET, ...model } });
  open.push(instance);
  return instance;
}

/** A model cache in memory, in real time: SDKs have their own timers. */
export function createModels(model: ModelCacheOptions = {}): ModelCache {
  return create(model, {}).models;
}

/** The model caches of two processes on one Redis. */
export async function createTwo(model: ModelCacheOptions): Promise<readonly [here: ModelCache, there: ModelCache]> {
  const redis = redisOptions();
  const [here, there] = [create(model, { redis }), create(model, { redis })];
  await Promise.all([here.connect(), there.connect()]);
  return [here.models, there.models];
}

/** After each test. */
export async function closeModels(): Promise<void> {
  await Promise.all(open.splice(0).map((instance) => instance.close()));
}
