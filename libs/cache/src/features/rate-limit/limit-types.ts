import type { Duration } from '@mobius1/kernel';

/**
 * How a limit counts. `sliding-window`: never more than `limit` in any window of its length (G13). `token-bucket`: `limit` units a
 * window on average, `burst` at once. `fixed-window`: a window begins with its first unit. `calendar`: an hour, day or month of a time
 * zone. `concurrency`: slots, held from `acquire` to `release`.
 */
export type RateLimitAlgorithm = 'sliding-window' | 'token-bucket' | 'fixed-window' | 'calendar' | 'concurrency';

/**
 * What a limit does while the store cannot be asked (G15). `local`: this process counts on its own. `open`: lets pass. `closed`: denies,
 * marked as `unavailable`: answer it with 503, never with 429.
 */
export type RateLimitOutage = 'local' | 'open' | 'closed';

/** A block after a denial, longer with each further one. */
export interface RateLimitBlock {
  /** Seconds or a string: how long the first block lasts. */
  readonly for: Duration;
  /** What each further block is multiplied by, 1 to 10. @default 2 */
  readonly factor?: number;
  /** The longest block, and how long good behaviour takes to be forgotten. Seconds or a string. @default 24 times `for` */
  readonly max?: Duration;
}

/** One limit. Keep the object and pass it again: it is checked once. */
export interface RateLimitPolicy {
  /** Names it in results, headers and metrics, and tells it apart from others of the same key. @default made of limit and window */
  readonly name?: string;
  /** Units a window; 0 denies everything. */
  readonly limit: number;
  /** Seconds or a string like `'500ms'`, `'1m'`. Of `concurrency`: how long the slot of a process that died is kept. @default '30s' there, required elsewhere, none of `calendar` */
  readonly window?: Duration;
  /** @default 'sliding-window' */
  readonly algorithm?: RateLimitAlgorithm;
  /** Units at once, of `token-bucket`. @default `limit` */
  readonly burst?: number;
  /** The window of `calendar`. @default 'day' */
  readonly per?: 'hour' | 'day' | 'month';
  /** IANA name of the time zone of `calendar`, like `'Europe/Madrid'`. @default 'UTC' */
  readonly timeZone?: string;
  /** @default the service's `onOutage`, 'local' */
  readonly onOutage?: RateLimitOutage;
  /** Blocks whoever is denied. @default none */
  readonly block?: RateLimitBlock | Duration;
  /** Decides and reports, and denies nothing: to try a limit out. @default false */
  readonly shadow?: boolean;
  /** Units that `commit` may charge beyond the limit, when more was used than reserved. @default `limit` */
  readonly debt?: number;
}

/** A limit of a key of its own: one request may be limited by address and by user. */
export interface RateLimitTarget {
  /** Whom it concerns: a non-empty string of any length. Hash what is personal before. */
  readonly key: string;
  /** How it counts. */
  readonly policy: RateLimitPolicy;
  /** Units; a whole number, 0 or more. @default that of the call */
  readonly cost?: number;
}

/** Options of a check. */
export interface RateLimitCheckOptions {
  /** Units; a whole number, 0 or more. @default 1 */
  readonly cost?: number;
  /** Lets pass without counting, and says so: for allow-lists. @default false */
  readonly exempt?: boolean;
}

/**
 * Who decided. `redis`, `memory`: the store. `deny-cache`: this process knew that it is denied. `unsatisfiable`: the cost is above the
 * limit, nobody was asked. `exempt`: nothing was asked. While the store is away: `local`, `open`, `closed`.
 */
export type RateLimitSource =
  'redis' | 'memory' | 'deny-cache' | 'unsatisfiable' | 'exempt' | 'local' | 'open' | 'closed';

/** What one limit says. */
export interface RateLimitResult {
  /** Whom it concerns, as it was given. */
  readonly key: string;
  /** Its name. */
  readonly policy: string;
  /** How it counts. */
  readonly algorithm: RateLimitAlgorithm;
  /** Units a window. */
  readonly limit: number;
  /** Milliseconds; of `calendar` 1 hour, 24 hours or 30 days. */
  readonly windowMs: number;
  /** Units asked for. */
  readonly cost: number;
  /** Whether this limit alone would let it pass. */
  readonly allowed: boolean;
  /** Units left after this. */
  readonly remaining: number;
  /** Milliseconds until all units are there again, if nothing more is used. */
  readonly resetMs: number;
  /** Milliseconds after which the same cost can pass; absent when it is allowed, and when that is never or cannot be known. */
  readonly retryAfterMs?: number;
  /** The cost is above the limit: waiting does not help. */
  readonly unsatisfiable: boolean;
  /** Denied by a block, not by what was used. */
  readonly blocked: boolean;
  /** Reports only. */
  readonly shadow: boolean;
  /** Denied because the store is away and the policy is `closed`. */
  readonly unavailable: boolean;
  /** Who decided. */
  readonly source: RateLimitSource;
}

/** What all limits of a request say together. A denied request has consumed nothing of any of them (G14). */
export interface RateLimitDecision {
  /** Whether all limits let it pass. */
  readonly allowed: boolean;
  /** Who decided: of the first limit that denies, else of the first. */
  readonly source: RateLimitSource;
  /** Denied because the store is away and a policy is `closed`: 503, not 429. */
  readonly unavailable: boolean;
  /** Milliseconds after which all that deny now can let it pass; absent as in the results. */
  readonly retryAfterMs?: number;
  /** In the order of the policies. Of a decision without asking the store, only the limits that are known to deny. */
  readonly results: readonly RateLimitResult[];
}

/** Slots that are held, and renewed, until they are released. */
export interface RateLimitSlot {
  /** Whether they are held. */
  readonly allowed: boolean;
  /** What was decided. */
  readonly decision: RateLimitDecision;
  /** Gives the slots back; does nothing the second time. Never throws. */
  release(): Promise<void>;
}

/** What a model needs of the answer of a cache to settle a reservation. */
export interface SettledAnswer {
  /** `'none'`: the model was asked; anything else: it was not, so nothing was used. */
  readonly hit: string;
  /** What is known of it; without tokens the estimate stands. */
  readonly metadata?: { readonly tokens?: number | undefined } | undefined;
}

/** How a reservation ended: the units charged in the end, and whether the store was told. */
export interface Settlement {
  /** Units. */
  readonly charged: number;
  /** False: the store was away, the reservation had expired, or was settled before; what was charged then stands. */
  readonly settled: boolean;
}

/** Units that were charged before the call, to be settled by what it used. */
export interface TokenReservation {
  /** Whether the units are reserved. */
  readonly allowed: boolean;
  /** What was decided. */
  readonly decision: RateLimitDecision;
  /** Units charged at first; 0 when denied. */
  readonly reserved: number;
  /** Charges what was used in place of the estimate. The first settlement counts, here and in every other process. Never throws for the store. */
  commit(actual: number): Promise<Settlement>;
  /** Nothing was used. */
  release(): Promise<Settlement>;
  /** By the answer of the model cache: 0 when the model was not asked. */
  settle(answer: SettledAnswer): Promise<Settlement>;
}

/** Whose use an estimate is learnt from. */
export interface EstimateFor {
  /** Whose use. */
  readonly workspaceId: string;
  /** Of which model. */
  readonly modelId: string;
  /** Units before anything is known. */
  readonly initial: number;
}

/** Options of a reservation. */
export interface ReserveOptions {
  /** Seconds or a string: after it the estimate stands, whatever was used. @default '5m' */
  readonly ttl?: Duration;
}

/** What is the same for all limits of a service. */
export interface RateLimitOptions {
  /** `false`: everything passes, nothing is counted. @default true */
  readonly enabled?: boolean;
  /** Milliseconds a decision waits for Redis, 1 to 10,000. @default 75 */
  readonly timeout?: number;
  /** @default 'local' */
  readonly onOutage?: RateLimitOutage;
  /** Stands before the keys of limits. It must not begin with the cache's own prefix: each count would be told to every process. @default 'rl:' and `redis.keyPrefix` */
  readonly keyPrefix?: string;
  /** Denials that this process remembers; 0 for none. @default 10_000 */
  readonly denyCacheEntries?: number;
  /** How long a denial is believed without asking again, at most. Seconds or a string. @default '5s' */
  readonly denyCacheTtl?: Duration;
  /** Keys counted in this process: without Redis, and while it is away. The least recently used is forgotten. @default 100_000 */
  readonly maxLocalKeys?: number;
}
