import { type Duration, OptionCheck } from '@mobius1/kernel';
import { type EngineLimits, LIMIT_DEFAULTS, type Plan, PLAN_DEFAULTS } from '../core/options.js';
import type { MemoryStoreOptions } from '../drivers/memory-store.js';
import { checkRedisOptions, type RedisOptions } from '../drivers/redis-options.js';

/** Options of one cache. Everything has a default; without `redis` the cache lives in this process. */
export interface CacheOptions {
  /** `false` turns the cache into a pass-through: every load runs, nothing is stored. @default true */
  readonly enabled?: boolean;
  /** Where Redis is; `false` for none, whatever the environment says. @default none: the in-memory store */
  readonly redis?: RedisOptions | false | undefined;
  /** Bounds of the in-memory store. */
  readonly memory?: Omit<MemoryStoreOptions, 'clock'>;
  /** TTL of entries that name none. Seconds or a string. @default 300 */
  readonly defaultTtl?: Duration;
  /** Share of every TTL taken off at random, 0 to 1. @default 0 */
  readonly jitter?: number;
  /** How long after its TTL a value is served while it is refreshed. Seconds or a string. @default 0 */
  readonly staleWhileRevalidate?: Duration;
  /** How long after its TTL a value answers for a load that fails. Seconds or a string. @default 0 */
  readonly staleIfError?: Duration;
  /** Milliseconds after which a stale value answers for a slow load. @default never */
  readonly softTimeout?: number;
  /** Milliseconds after which a slow load fails its callers. @default never */
  readonly hardTimeout?: number;
  /** Chance of refreshing before the TTL ends (XFetch's beta). @default 0 */
  readonly earlyRefresh?: number;
  /** Milliseconds a dead process keeps others from loading its key. @default 5_000 */
  readonly leaseTimeout?: number;
  /** Milliseconds a caller waits for a load in another process before it loads itself. @default 10_000 */
  readonly waitTimeout?: number;
  /** Bytes of an encoded value above which it is not stored. @default 16 MiB */
  readonly maxValueBytes?: number;
  /** Keys made from arguments are digests; with a secret they are keyed, so that nobody can find inputs by trying. */
  readonly keySecret?: string;
}

export interface ResolvedCacheOptions {
  readonly enabled: boolean;
  readonly redis: RedisOptions | undefined;
  readonly memory: Omit<MemoryStoreOptions, 'clock'>;
  readonly plan: Plan;
  readonly limits: EngineLimits;
  readonly keySecret: string | undefined;
}

const KNOWN: readonly string[] = [
  ...['enabled', 'redis', 'memory', 'defaultTtl', 'jitter', 'staleWhileRevalidate', 'staleIfError', 'softTimeout'],
  ...['hardTimeout', 'earlyRefresh', 'leaseTimeout', 'waitTimeout', 'maxValueBytes', 'keySecret'],
];

/** @throws InvalidOptionsError that lists every problem at once */
export function resolveCacheOptions(options: CacheOptions): ResolvedCacheOptions {
  const check = new OptionCheck('CacheModule');
  check.unknownKeys('', options, KNOWN);
  const seconds = (name: 'defaultTtl' | 'staleWhileRevalidate' | 'staleIfError'): number | undefined =>
    options[name] === 0 && name !== 'defaultTtl' ? 0 : check.durationMs(name, options[name], 's');
  const share = (name: 'jitter' | 'earlyRefresh', max: number): number | undefined => {
    const value: unknown = options[name];
    if (value === undefined || (typeof value === 'number' && value >= 0 && value <= max)) return value;
    check.problem(name, `a number from 0 to ${max}`, value);
    return undefined;
  };
  const plan: Plan = {
    ttlMs: seconds('defaultTtl') ?? PLAN_DEFAULTS.ttlMs,
    jitter: share('jitter', 1) ?? PLAN_DEFAULTS.jitter,
    staleWhileRevalidateMs: seconds('staleWhileRevalidate') ?? PLAN_DEFAULTS.staleWhileRevalidateMs,
    staleIfErrorMs: seconds('staleIfError') ?? PLAN_DEFAULTS.staleIfErrorMs,
    softTimeout: check.positiveInteger('softTimeout', options.softTimeout) ?? PLAN_DEFAULTS.softTimeout,
    hardTimeout: check.positiveInteger('hardTimeout', options.hardTimeout) ?? PLAN_DEFAULTS.hardTimeout,
    earlyRefresh: share('earlyRefresh', 100) ?? PLAN_DEFAULTS.earlyRefresh,
  };
  const limits: EngineLimits = {
    leaseMs: check.integerBetween('leaseTimeout', options.leaseTimeout, 100, 600_000) ?? LIMIT_DEFAULTS.leaseMs,
    waitMs: check.integerBetween('waitTimeout', options.waitTimeout, 1, 600_000) ?? LIMIT_DEFAULTS.waitMs,
    maxValueBytes:
      check.integerBetween('maxValueBytes', options.maxValueBytes, 1, 512 * 1024 * 1024) ??
      LIMIT_DEFAULTS.maxValueBytes,
  };
  const redis = options.redis === false ? undefined : options.redis;
  if (redis !== undefined) checkRedisOptions(check, redis);
  if (options.memory !== undefined) {
    check.unknownKeys('memory', options.memory, ['maxEntries', 'maxBytes']);
    check.positiveInteger('memory.maxEntries', options.memory.maxEntries);
    check.positiveInteger('memory.maxBytes', options.memory.maxBytes);
  }
  const enabled = check.boolean('enabled', options.enabled) ?? true;
  const keySecret = check.string('keySecret', options.keySecret, { max: 1024 });
  check.throwIfAny();
  return Object.freeze({ enabled, redis, memory: options.memory ?? {}, plan, limits, keySecret });
}
