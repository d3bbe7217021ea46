import { type Duration, formatDuration, OptionCheck } from '@mobius1/kernel';

/** What may be said of every stored value. */
export interface StoreOptions {
  /** Seconds, or a string like `'500ms'`, `'5m'`, `'1h'`. @default the module's `defaultTtl`, 300 seconds */
  readonly ttl?: Duration;
  /** Names under which the entry can be invalidated together with others. @default none */
  readonly tags?: readonly string[];
  /** Separates keys of equal text; `clear(namespace)` invalidates all of it at once. @default none */
  readonly namespace?: string;
  /** Share of the TTL taken off at random, 0 to 1, so that entries stored together do not expire together. @default 0 */
  readonly jitter?: number;
  /**
   * How long after its TTL a value is still served while one reader refreshes it behind. Seconds or a string. @default 0
   */
  readonly staleWhileRevalidate?: Duration;
  /** How long after its TTL a value answers when the load fails. Seconds or a string. @default 0 */
  readonly staleIfError?: Duration;
}

/** What may be said of a cached load. */
export interface LoadOptions<T = unknown> extends Omit<StoreOptions, 'ttl' | 'tags'> {
  /** Seconds or a string; or a function of the loaded value. @default the module's `defaultTtl`, 300 seconds */
  readonly ttl?: Duration | ((value: T) => Duration);
  /**
   * Tags, or a function of the loaded value. A value with tags that nobody has used before is cached by its second load
   * when anything was invalidated during its first: it cannot be told that it was not one of them. @default none
   */
  readonly tags?: readonly string[] | ((value: T) => readonly string[]);
  /** The value is returned but not stored when this says true. @default never */
  readonly unless?: (value: T) => boolean;
  /** Which failures of the load `staleIfError` is for; the others reach the caller. @default all */
  readonly staleIf?: (error: unknown) => boolean;
  /** Milliseconds after which a stale value, if `staleIfError` allows one, answers for a slow load. @default never */
  readonly softTimeout?: number;
  /** Milliseconds after which a slow load fails the call with LoadTimeoutError; it still fills the cache. @default never */
  readonly hardTimeout?: number;
  /** Chance of refreshing before the TTL ends (XFetch's beta): 1 is the usual choice, 0 never. @default 0 */
  readonly earlyRefresh?: number;
  /** Milliseconds that this call waits for a load of another process before it loads itself. @default the module's `waitTimeout` */
  readonly waitTimeout?: number;
}

/** Defaults of one engine; every time is resolved to milliseconds. */
export interface Plan {
  readonly ttlMs: number;
  readonly jitter: number;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly staleIf: (error: unknown) => boolean;
  readonly softTimeout: number;
  readonly hardTimeout: number;
  readonly earlyRefresh: number;
  /** `undefined`: that of the engine. */
  readonly waitTimeout?: number | undefined;
}

export const PLAN_DEFAULTS: Plan = Object.freeze({
  ttlMs: 300_000,
  jitter: 0,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  staleIf: () => true,
  softTimeout: Infinity,
  hardTimeout: Infinity,
  earlyRefresh: 0,
});

/** Limits of one engine. */
export interface EngineLimits {
  /** Milliseconds a lease lasts unless its holder, still loading, renews it: how long a dead holder blocks others. */
  readonly leaseMs: number;
  /** Milliseconds a caller waits for a load of another process before it loads by itself. */
  readonly waitMs: number;
  /** Bytes of an encoded value; a larger one is not stored. */
  readonly maxValueBytes: number;
}

export const LIMIT_DEFAULTS: EngineLimits = Object.freeze({
  leaseMs: 5_000,
  waitMs: 10_000,
  // A network of a gigabit carries it in 17 ms: one large value neither exceeds `commandTimeout` (50 ms) nor opens the breaker for others.
  maxValueBytes: 2 * 1024 * 1024,
});

const [MINUTE, DAY] = [60, 86_400];
/** Above this a TTL given as a number is probably meant in milliseconds. */
const SUSPICIOUS_TTL_SECONDS = 30 * DAY;

/** 60,000, 300,000, 900,000: whole minutes in milliseconds, and in seconds no number of days that anybody would choose. */
const looksLikeMilliseconds = (ttl: number): boolean =>
  ttl > SUSPICIOUS_TTL_SECONDS || (ttl % (MINUTE * 1_000) === 0 && ttl % DAY !== 0);

const MOST_WARNINGS = 1_000;
const warned = new Set<number | string>();

/** A duration that may be meant in milliseconds. */
interface Suspect {
  readonly place: string;
  readonly name: string;
  readonly value: unknown;
  /** What is warned of once. */
  readonly once: number | string;
}

/** Warns of a TTL once: people who come from other libraries write milliseconds. */
function suspectMilliseconds({ place, name, value, once }: Suspect): void {
  if (typeof value !== 'number' || !looksLikeMilliseconds(value)) return;
  if (warned.has(once) || warned.size > MOST_WARNINGS) return;
  warned.add(once).add(value);
  const meant = formatDuration(value);
  process.emitWarning(
    `${place}: ${name} ${value} is ${inWords(value)}. A ${name} number is in seconds; write '${meant}' for ${value} milliseconds, or '${value}s' if seconds are meant.`,
    { code: 'MOBIUS_CACHE_TTL_UNIT' },
  );
}

/** For the `ttl` of a call: each is warned of once, wherever it comes from. */
const suspectCalled = (place: string, ttl: unknown): void =>
  suspectMilliseconds({ place, name: 'ttl', value: ttl, once: Number(ttl) });

/** For each place that declares a `ttl`, or another duration of this `name`; calls that have it from there do not repeat it. */
export const suspectDeclared = (place: string, value: unknown, name = 'ttl'): void =>
  suspectMilliseconds({ place, name, value, once: `${place} ${name}` });

const inWords = (seconds: number): string =>
  seconds < 2 * DAY ? `${Math.round(seconds / 3_600)} hours` : `${Math.round(seconds / DAY)} days`;

/** A ttl in milliseconds; throws InvalidOptionsError naming the call when it is none. */
export function ttlMs(call: string, ttl: Duration, path = 'ttl'): number {
  const check = new OptionCheck(call);
  const ms = check.durationMs(path, ttl, 's');
  check.throwIfAny();
  suspectCalled(call, ttl);
  return ms ?? 0;
}

function atLeastZero(check: OptionCheck, path: string, value: unknown, max = Infinity): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= 0 && value <= max) return value;
  check.problem(path, max === Infinity ? 'a number, 0 or more' : `a number from 0 to ${max}`, value);
  return undefined;
}

/** A duration that may be zero: "not at all". */
const orZero = (check: OptionCheck, path: string, value: Duration | undefined): number | undefined =>
  value === 0 ? 0 : check.durationMs(path, value, 's');

/**
 * Resolves the options of one call against the defaults. A `ttl` or `tags` that is a function is left to the load.
 *
 * @throws InvalidOptionsError that lists every problem at once
 */
export function resolvePlan(call: string, options: LoadOptions<never> | undefined, defaults: Plan): Plan {
  if (options === undefined) return defaults;
  const check = new OptionCheck(call);
  if (typeof options !== 'object' || (options as unknown) === null) {
    check.problem('options', "an object like { ttl: '5m' }", options);
    check.throwIfAny();
  }
  const plan = planOf(check, options, defaults);
  check.throwIfAny();
  suspectCalled(call, options.ttl);
  return plan;
}

/** The same for a caller who has more to check. */
export function planOf(check: OptionCheck, options: LoadOptions<never>, defaults: Plan): Plan {
  const { ttl, tags } = options;
  const plan: Plan = {
    ttlMs: (typeof ttl === 'function' ? undefined : check.durationMs('ttl', ttl, 's')) ?? defaults.ttlMs,
    jitter: atLeastZero(check, 'jitter', options.jitter, 1) ?? defaults.jitter,
    staleWhileRevalidateMs:
      orZero(check, 'staleWhileRevalidate', options.staleWhileRevalidate) ?? defaults.staleWhileRevalidateMs,
    staleIfErrorMs: orZero(check, 'staleIfError', options.staleIfError) ?? defaults.staleIfErrorMs,
    staleIf: options.staleIf ?? defaults.staleIf,
    softTimeout: atLeastZero(check, 'softTimeout', options.softTimeout) ?? defaults.softTimeout,
    hardTimeout: atLeastZero(check, 'hardTimeout', options.hardTimeout) ?? defaults.hardTimeout,
    earlyRefresh: atLeastZero(check, 'earlyRefresh', options.earlyRefresh) ?? defaults.earlyRefresh,
    waitTimeout: atLeastZero(check, 'waitTimeout', options.waitTimeout),
  };
  if (tags !== undefined && typeof tags !== 'function') checkTags(check, tags);
  check.function('unless', options.unless);
  check.function('staleIf', options.staleIf);
  return plan;
}

/** Records what is wrong with a list of tags: each is a non-empty string of at most 256 characters. */
export function checkTags(check: OptionCheck, tags: unknown): void {
  if (!Array.isArray(tags)) {
    check.problem('tags', 'an array of strings', tags);
    return;
  }
  tags.forEach((tag: unknown, i) => {
    if (typeof tag !== 'string' || tag === '' || tag.length > 256) {
      check.problem(`tags[${i}]`, 'a string of 1 to 256 characters', tag);
    }
  });
}

type Tags = LoadOptions<never>['tags'];

/** The tags that every entry of a kind has, and those that the caller adds, whichever form these have. */
export function joinTags(fixed: readonly string[], own: Tags): Tags {
  // What is no list is left as it is, for the engine to refuse.
  const join = (more: readonly string[]): readonly string[] =>
    Array.isArray(more) ? [...fixed, ...(more as string[])] : more;
  return typeof own === 'function' ? (value: never) => join(own(value)) : join(own ?? []);
}
