import { EnvironmentCheck } from '@mobius1/kernel';
import { isRedisUrl, REDIS_URL, type RedisOptions } from '../drivers/redis-options.js';
import type { ModelCacheOptions } from '../features/model/model-options.js';
import type { CacheOptions } from '../instance/cache-options.js';

/** What the environment says of the cache. */
export interface CacheEnvironment {
  readonly enabled?: boolean;
  /** Seconds or a string. */
  readonly defaultTtl?: CacheOptions['defaultTtl'];
  /** What is said of Redis: a place, or what completes the place that the code names. */
  readonly redis: RedisOptions;
  /** Whether one of REDIS_URL, REDIS_HOST, REDIS_PORT is set: then there is a Redis even if the code names none. */
  readonly located: boolean;
  readonly model: Pick<ModelCacheOptions, 'enabled' | 'ttl' | 'secret'>;
}

/**
 * Reads `REDIS_URL, REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, REDIS_DB, REDIS_KEY_PREFIX, CACHE_ENABLED,
 * CACHE_DEFAULT_TTL, MODEL_CACHE_ENABLED, MODEL_CACHE_TTL, MODEL_CACHE_SECRET`. An empty variable counts as not set.
 *
 * @throws InvalidOptionsError that lists every wrong variable at once
 */
export function readEnvironment(source: (name: string) => unknown): CacheEnvironment {
  const check = new EnvironmentCheck(source);
  const url = check.matching('REDIS_URL', isRedisUrl, REDIS_URL);
  const host = check.string('REDIS_HOST', 255);
  const port = check.integer('REDIS_PORT', 1, 65_535);
  const db = check.integer('REDIS_DB', 0, 1_000_000);
  const keyPrefix = check.string('REDIS_KEY_PREFIX', 128);
  const password = check.text('REDIS_PASSWORD');
  const enabled = check.boolean('CACHE_ENABLED');
  const defaultTtl = check.duration('CACHE_DEFAULT_TTL');
  const modelEnabled = check.boolean('MODEL_CACHE_ENABLED');
  const modelTtl = check.duration('MODEL_CACHE_TTL');
  check.throwIfAny();
  const redis = defined({ url, host, port, db, keyPrefix, password });
  return {
    ...defined({ enabled, defaultTtl }),
    redis,
    located: (url ?? host ?? port) !== undefined,
    model: defined({ enabled: modelEnabled, ttl: modelTtl, secret: check.text('MODEL_CACHE_SECRET') }),
  };
}

/** What the code says over what the environment says; a URL is left out when the code names another place. */
export function mergeEnvironment(options: CacheOptions, environment: CacheEnvironment): CacheOptions {
  const { redis: fromCode, model: modelOfCode, ...code } = options;
  const { redis: fromEnvironment, located, model: modelOfEnvironment, ...others } = environment;
  const rest = { ...others, ...mergeModel(modelOfCode, modelOfEnvironment) };
  if (fromCode !== undefined && typeof fromCode !== 'object') return { ...rest, ...defined(code), redis: fromCode };
  const complete = fromCode?.client !== undefined || fromCode?.url !== undefined;
  if (complete || (fromCode === undefined && !located)) return { ...rest, ...defined(code), redis: fromCode };
  const { url, ...fields } = fromEnvironment;
  const placed = fromCode?.host ?? fromCode?.cluster ?? fromCode?.sentinels;
  const redis = { ...(placed === undefined ? defined({ url }) : {}), ...fields, ...defined(fromCode ?? {}) };
  return { ...rest, ...defined(code), redis };
}

function mergeModel(code: ModelCacheOptions = {}, environment: ModelCacheOptions): Pick<CacheOptions, 'model'> {
  const model = { ...environment, ...defined(code) };
  return Object.keys(model).length > 0 ? { model } : {};
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
