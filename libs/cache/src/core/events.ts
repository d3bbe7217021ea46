/** How a read was answered: from the cache, from the cache although its TTL had ended, or by the load. */
export type Outcome = 'hit' | 'stale' | 'miss';

/** What is told of a decision of the rate limits: a `RateLimitDecision`. */
export interface RateLimitTold {
  readonly allowed: boolean;
  readonly source: string;
  readonly unavailable: boolean;
  readonly retryAfterMs?: number;
  readonly results: readonly {
    readonly key: string;
    readonly policy: string;
    readonly allowed: boolean;
    readonly shadow: boolean;
  }[];
}

/** What the cache tells about itself. Keys are named, values never. */
export type CacheEvents = {
  /** A read was answered; emitted in the asynchronous context of its caller. */
  read: { key: string; namespace: string | undefined; outcome: Outcome };
  /** A load ended. */
  load: { key: string; namespace: string | undefined; ms: number; stored: boolean };
  /** A load could not be cached, and why. */
  uncacheable: { key: string; namespace: string | undefined; reason: string };
  /** A refresh behind a stale or early-refreshed value failed; its readers were not disturbed. */
  refreshFailed: { key: string; namespace: string | undefined; error: unknown };
  /** What stood under a key was not ours or damaged; it was removed and counted as a miss. */
  foreign: { key: string; namespace: string | undefined };
  /** Keys, tags or namespaces were invalidated; `remembered` when the store could not be told yet. */
  invalidated: { what: string; remembered: boolean };
  /** An invalidation took effect, but fewer replicas than `redis.waitReplicas` wants confirmed it in time. */
  underReplicated: { acknowledged: number; wanted: number };
  /** A rate limit was decided; names the keys it was asked with. */
  rateLimit: RateLimitTold;
  /** An operation of the store failed; a read has gone on to its load. Emitted for each of them. */
  unavailable: { error: Error };
  /** The store was told what it had missed: this many remembered invalidations. */
  available: { replayed: number };
};
