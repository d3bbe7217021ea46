import { type Duration, OptionCheck, type UnitOfWork } from '@mobius1/kernel';
import { type EngineLimits, LIMIT_DEFAULTS, type Plan, PLAN_DEFAULTS, suspectDeclared } from '../core/options.js';
import type { ModelCacheOptions } from '../features/model/model-options.js';
import { checkLimitOptions, type ResolvedLimitOptions } from '../features/rate-limit/limit-options.js';
import type { RateLimitOptions } from '../features/rate-limit/limit-types.js';
import type { MemoryStoreOptions } from '../drivers/memory-store.js';
import type { NearCacheOptions } from '../drivers/near/near-cache.js';
import { COHERENCE_DEFAULTS, type CoherenceOptions, type ResolvedCoherence } from '../drivers/near/near-tier.js';
import { checkRedisOptions, REDIS_DEFAULTS, type RedisOptions } from '../drivers/redis-options.js';

/** Options of one cache. Everything has a default; without `redis` the cache lives in this process. */
export interface CacheOptions {
  /** Tells caches apart in metrics, spans and diagnostics. @default 'cache' */
  readonly name?: string;
  /** `false` turns the cache into a pass-through: every load runs, nothing is stored. @default true */
  readonly enabled?: boolean;
  /** Where Redis is; `false` for none, whatever the environment says. @default none: the in-memory store */
  readonly redis?: RedisOptions | false | undefined;
  /** Bounds of the in-memory store. */
  readonly memory?: Omit<MemoryStoreOptions, 'clock'>;
  /** The tier in this process before Redis; `false` for none. Without Redis there is none anyway. */
  readonly l1?: L1Options | false;
  /** How this process hears of changes in Redis. */
  readonly coherence?: CoherenceOptions;
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
  /** Bytes of an encoded value above which it is not stored. Larger ones want a longer `commandTimeout`, too. @default 2 MiB */
  readonly maxValueBytes?: number;
  /** Keys made from arguments are digests; with a secret they are keyed, so that nobody can find inputs by trying. */
  readonly keySecret?: string;
  /**
   * The transactions of your database: reads inside them go past the cache, invalidations wait for their commit (G16). @default in
   * Nest that of `DatabaseModule`, if there is one; else none
   */
  readonly unitOfWork?: UnitOfWork | undefined;
  /**
   * Closes the gap between commit and invalidation in which a process may die: one more round trip before each commit of a
   * transaction that invalidates. The same in all processes. @default false
   */
  readonly fence?: boolean;
  /** The cache of answers of AI models. */
  readonly model?: ModelCacheOptions;
  /** What is the same for all rate limits. */
  readonly rateLimit?: RateLimitOptions;
}

/** The in-process tier; coherent with Redis, so nothing here trades freshness for speed. */
export interface L1Options {
  /** @default 10_000 */
  readonly maxEntries?: number;
  /** Bytes of encoded values. @default 64 MiB */
  readonly maxBytes?: number;
  /** How long an entry is held at most. Seconds or a string. @default as long as it lives in Redis */
  readonly ttl?: Duration;
}

export interface ResolvedCacheOptions {
  readonly name: string;
  readonly enabled: boolean;
  readonly redis: RedisOptions | undefined;
  readonly memory: Omit<MemoryStoreOptions, 'clock'>;
  /** `undefined`: none. */
  readonly l1: NearCacheOptions | undefined;
  readonly coherence: ResolvedCoherence;
  readonly plan: Plan;
  readonly limits: EngineLimits;
  readonly keySecret: string | undefined;
  readonly unitOfWork: UnitOfWork | undefined;
  readonly fence: boolean;
  readonly model: ModelCacheOptions;
  readonly rateLimit: ResolvedLimitOptions;
}

const KNOWN: readonly string[] = [
  ...[
    'name',
    'enabled',
    'redis',
    'memory',
    'l1',
    'coherence',
    'defaultTtl',
    'jitter',
    'staleWhileRevalidate',
    'staleIfError',
    'softTimeout',
  ],
  ...[
    'hardTimeout',
    'earlyRefresh',
    'leaseTimeout',
    'waitTimeout',
    'maxValueBytes',
    'keySecret',
    'unitOfWork',
    'fence',
    'model',
    'rateLimit',
  ],
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
    staleIf: PLAN_DEFAULTS.staleIf,
    softTimeout: check.positiveInteger('softTimeout', options.softTimeout) ?? PLAN_DEFAULTS.softTimeout,
    hardTimeout: check.positiveInteger('hardTimeout', options.hardTimeout) ?? PLAN_DEFAULTS.hardTimeout,
    earlyRefresh: share('earlyRefresh', 100) ?? PLAN_DEFAULTS.earlyRefresh,
  };
  const limits = checkLimits(check, options);
  const redis = options.redis === false ? undefined : options.redis;
  if (redis !== undefined) checkRedisOptions(check, redis);
  checkBounds(check, 'memory', options.memory);
  const l1 = options.l1 === false ? undefined : l1Options(check, options.l1 ?? {});
  const coherence = checkCoherence(check, options.coherence ?? {});
  const enabled = check.boolean('enabled', options.enabled) ?? true;
  const name = check.string('name', options.name, { max: 64 }) ?? 'cache';
  const keySecret = check.string('keySecret', options.keySecret, { max: 1024 });
  const companions = checkCompanions(check, options);
  check.throwIfAny();
  suspectDeclared('CacheModule, defaultTtl', options.defaultTtl);
  return Object.freeze({
    name,
    enabled,
    redis,
    memory: options.memory ?? {},
    l1,
    coherence,
    plan,
    limits,
    keySecret,
    ...companions,
  });
}

function checkBounds(check: OptionCheck, path: string, bounds: Omit<MemoryStoreOptions, 'clock'> | undefined): void {
  check.unknownKeys(path, bounds, ['maxEntries', 'maxBytes']);
  check.positiveInteger(`${path}.maxEntries`, bounds?.maxEntries);
  check.positiveInteger(`${path}.maxBytes`, bounds?.maxBytes);
}

function l1Options(check: OptionCheck, { ttl, ...bounds }: L1Options): NearCacheOptions {
  checkBounds(check, 'l1', bounds);
  return { ...bounds, ttlMs: check.durationMs('l1.ttl', ttl, 's') };
}

function checkCoherence(check: OptionCheck, coherence: CoherenceOptions): ResolvedCoherence {
  check.unknownKeys('coherence', coherence, ['pingInterval', 'pingTimeout', 'boundedTtl']);
  const ms = (name: 'pingInterval' | 'pingTimeout'): number =>
    check.integerBetween(`coherence.${name}`, coherence[name], 10, 600_000) ?? COHERENCE_DEFAULTS[name];
  const { boundedTtl } = coherence;
  const bounded = boundedTtl === 0 ? 0 : check.durationMs('coherence.boundedTtl', boundedTtl, 's');
  return {
    pingInterval: ms('pingInterval'),
    pingTimeout: ms('pingTimeout'),
    boundedMs: bounded ?? COHERENCE_DEFAULTS.boundedMs,
  };
}

/** What works together with the cache: transactions, models. The options of models are checked where they are used. */
function checkCompanions(
  check: OptionCheck,
  { unitOfWork, fence, model = {}, rateLimit, redis }: CacheOptions,
): Pick<ResolvedCacheOptions, 'unitOfWork' | 'fence' | 'model' | 'rateLimit'> {
  if (unitOfWork !== undefined && typeof (unitOfWork as Partial<UnitOfWork>).afterCommit !== 'function')
    check.problem('unitOfWork', 'the unitOfWork of a Database, or something like it', unitOfWork);
  return {
    unitOfWork,
    fence: check.boolean('fence', fence) ?? false,
    model,
    rateLimit: checkRateLimit(check, rateLimit, redis),
  };
}

function checkRateLimit(
  check: OptionCheck,
  given: CacheOptions['rateLimit'],
  redis: CacheOptions['redis'],
): ResolvedLimitOptions {
  const resolved = checkLimitOptions(check, 'rateLimit', given);
  const entries = (redis === false ? undefined : redis?.keyPrefix) ?? REDIS_DEFAULTS.keyPrefix;
  if (entries !== '' && resolved.keyPrefix?.startsWith(entries)) {
    const hint = 'Redis would tell each count to every process that caches';
    check.problem('rateLimit.keyPrefix', 'a prefix that does not begin with that of the cache', given?.keyPrefix, hint);
  }
  return resolved;
}

function checkLimits(check: OptionCheck, options: CacheOptions): EngineLimits {
  return {
    leaseMs: check.integerBetween('leaseTimeout', options.leaseTimeout, 100, 600_000) ?? LIMIT_DEFAULTS.leaseMs,
    waitMs: check.integerBetween('waitTimeout', options.waitTimeout, 1, 600_000) ?? LIMIT_DEFAULTS.waitMs,
    maxValueBytes:
      check.integerBetween('maxValueBytes', options.maxValueBytes, 1, 512 * 1024 * 1024) ??
      LIMIT_DEFAULTS.maxValueBytes,
  };
}
