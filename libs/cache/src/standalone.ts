/**
 * The cache for programs without Nest: scripts, workers, Fastify and Express applications. The same engine, one instance
 * for the process.
 *
 * @example
 * initializeRedis({ host: 'localhost', keyPrefix: 'shop:' });
 * await getRedisClient().connect();
 * const price = await cacheManager.getOrSet('price:42', () => loadPrice(42), { ttl: DefaultTTL.medium });
 */
import { CodedError } from '@mobius1/kernel';
import type { RedisOptions } from './drivers/redis-options.js';
import { CacheManager } from './features/manager/cache-manager.js';
import { ModelCache } from './features/model/model-cache.js';
import { QueryCache } from './features/query/query-cache.js';
import { RateLimits } from './features/rate-limit/rate-limits.js';
import type { CacheOptions } from './instance/cache-options.js';
import { CacheInstance } from './instance/cache-instance.js';
import { RedisHandle } from './instance/redis-handle.js';

export { registerValueType } from './core/codec/value-types.js';
export { CacheKeys, DefaultTTL } from './features/manager/cache-keys.js';
export type { CacheManager } from './features/manager/cache-manager.js';
export type { ModelCache } from './features/model/model-cache.js';
export { ngramEmbedder } from './features/model/semantic/ngram-embedder.js';
export type { QueryCache } from './features/query/query-cache.js';
export type { RateLimits } from './features/rate-limit/rate-limits.js';
export type { CacheOptions } from './instance/cache-options.js';
export type { RedisHandle } from './instance/redis-handle.js';
export type { RedisOptions } from './drivers/redis-options.js';

/** The standalone cache was used in a way that its state does not allow. */
export class StandaloneCacheError extends CodedError {
  readonly code = 'CACHE_STANDALONE';
}

let instance: CacheInstance | undefined;
/** Present from `initializeRedis` to `closeCache`. */
let handle: RedisHandle | undefined;

/**
 * Sets up Redis for this process; call it once, before anything is cached. Nothing is connected yet:
 * `await getRedisClient().connect()` does, and the cache works as a pass-through until then. With `enabled: false` the
 * cache is a pass-through for good, and there is nothing to connect to.
 *
 * @throws InvalidOptionsError when an option is wrong; StandaloneCacheError when a cache is in use already
 */
export function initializeRedis(redis: RedisOptions = {}, options: Omit<CacheOptions, 'redis'> = {}): RedisHandle {
  if (instance !== undefined) {
    throw new StandaloneCacheError(
      'The cache of this process is in use already. Call initializeRedis() once, before the first use of cacheManager, or await closeCache() first.',
    );
  }
  instance = new CacheInstance({ ...options, redis });
  return (handle = new RedisHandle(instance.connection));
}

/** The connection of this process. @throws StandaloneCacheError before `initializeRedis` */
export function getRedisClient(): RedisHandle {
  if (handle === undefined) {
    throw new StandaloneCacheError('Redis is not set up. Call initializeRedis({ host, port, … }) first.');
  }
  return handle;
}

/** The cache of this process: on Redis after `initializeRedis`, else in memory. */
export function getCache(): CacheInstance {
  return (instance ??= new CacheInstance());
}

/** Closes the connection and forgets the cache, so that the process can end or set it up anew. */
export async function closeCache(): Promise<void> {
  const closing = instance;
  instance = handle = undefined;
  await closing?.close();
}

/** Whatever `part` is of the cache of this process, when it is first used. */
function ofThisProcess<T extends object>(prototype: T, part: (cache: CacheInstance) => T): T {
  return new Proxy(Object.create(prototype) as T, {
    get(own, name, proxy) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name, proxy) as unknown; // what a test put in its place
      const target = part(getCache());
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

/** The general cache of this process: on Redis when `initializeRedis` was called before its first use, else in memory. */
export const cacheManager = ofThisProcess(CacheManager.prototype, ({ manager }) => manager);

/** Queries of the database, in the cache of this process. */
export const queryCache = ofThisProcess(QueryCache.prototype, ({ queries }) => queries);

/** Answers of AI models, in the cache of this process. */
export const modelCache = ofThisProcess(ModelCache.prototype, ({ models }) => models);

/** Rate limits, in the Redis of this process or in memory. */
export const rateLimits = ofThisProcess(RateLimits.prototype, ({ limits }) => limits);
