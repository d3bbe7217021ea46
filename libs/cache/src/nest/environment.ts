import { durationMs, OptionCheck } from '@mobius1/kernel';
import type { RedisOptions } from '../drivers/redis-options.js';
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
  readonly model: { readonly enabled: boolean; readonly ttlMs: number };
}

type Read = (name: string) => string | undefined;

/** The text of a variable; a validated configuration may have made a number or a boolean of it. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.trim() || undefined : undefined;
}

const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];
const MODEL_TTL_MS = 3_600_000; // an hour: answers change with prompts, not with time

function booleanOf(check: OptionCheck, read: Read, name: string): boolean | undefined {
  const text = read(name)?.toLowerCase();
  if (text === undefined || TRUE.includes(text)) return text === undefined ? undefined : true;
  if (!FALSE.includes(text)) check.problem(name, `true or false`, read(name));
  return false;
}

function integerOf(
  check: OptionCheck,
  read: Read,
  name: string,
  [min, max]: readonly [number, number],
): number | undefined {
  const text = read(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  check.problem(name, `an integer from ${min} to ${max}`, text);
  return undefined;
}

/** `300` is seconds, like `'5m'`. */
function ttlOf(check: OptionCheck, read: Read, name: string): CacheOptions['defaultTtl'] | undefined {
  const text = read(name);
  if (text === undefined) return undefined;
  const ttl = /^[\d.]+$/.test(text) ? Number(text) : (text as `${number}s`);
  if (durationMs(ttl, 's') !== undefined) return ttl;
  check.problem(name, "a number of seconds above 0, or a string like '5m'", text);
  return undefined;
}

/**
 * Reads `REDIS_URL, REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, REDIS_DB, REDIS_KEY_PREFIX, CACHE_ENABLED,
 * CACHE_DEFAULT_TTL, MODEL_CACHE_ENABLED, MODEL_CACHE_TTL`. An empty variable counts as not set.
 *
 * @throws InvalidOptionsError that lists every wrong variable at once
 */
export function readEnvironment(source: (name: string) => unknown): CacheEnvironment {
  const check = new OptionCheck('environment');
  const read: Read = (name) => textOf(source(name));
  const url = read('REDIS_URL');
  if (url !== undefined && !/^rediss?:\/\/\S+$/.test(url)) {
    check.problem('REDIS_URL', "a URL like 'redis://localhost:6379/0'", url);
  }
  const host = check.string('REDIS_HOST', read('REDIS_HOST'), { max: 255 });
  const port = integerOf(check, read, 'REDIS_PORT', [1, 65_535]);
  const db = integerOf(check, read, 'REDIS_DB', [0, 1_000_000]);
  const keyPrefix = check.string('REDIS_KEY_PREFIX', read('REDIS_KEY_PREFIX'), { max: 128 });
  const password = read('REDIS_PASSWORD');
  const enabled = booleanOf(check, read, 'CACHE_ENABLED');
  const defaultTtl = ttlOf(check, read, 'CACHE_DEFAULT_TTL');
  const modelEnabled = booleanOf(check, read, 'MODEL_CACHE_ENABLED');
  const modelTtl = ttlOf(check, read, 'MODEL_CACHE_TTL');
  check.throwIfAny();
  const redis = defined({ url, host, port, db, keyPrefix, password });
  return {
    ...defined({ enabled, defaultTtl }),
    redis,
    located: (url ?? host ?? port) !== undefined,
    model: { enabled: modelEnabled ?? true, ttlMs: durationMs(modelTtl, 's') ?? MODEL_TTL_MS },
  };
}

/** What the code says over what the environment says; a URL is left out when the code names another place. */
export function mergeEnvironment(options: CacheOptions, environment: CacheEnvironment): CacheOptions {
  const { redis: fromCode } = options;
  const { model: _model, redis: fromEnvironment, located, ...rest } = environment;
  const complete = fromCode === false || fromCode?.client !== undefined || fromCode?.url !== undefined;
  if (complete || (fromCode === undefined && !located)) return { ...rest, ...defined(options), redis: fromCode };
  const { url, ...fields } = fromEnvironment;
  const placed = fromCode?.host ?? fromCode?.cluster ?? fromCode?.sentinels;
  const redis = { ...(placed === undefined ? defined({ url }) : {}), ...fields, ...defined(fromCode ?? {}) };
  return { ...rest, ...defined(options), redis };
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
