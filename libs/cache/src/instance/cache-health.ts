import type { Coherence } from '../core/store.js';
import { adviceOn } from '../drivers/advice.js';
import { type Refusal, type RefusalKind, REFUSALS } from '../drivers/refusals.js';
import type { NearFacts } from '../drivers/near/near-tier.js';

/** `up`: all is well. `degraded`: the application works, the cache helps less. `down`: the cache does not help at all. */
export type CacheHealthStatus = 'up' | 'degraded' | 'down';

/** How the cache does, measured when it was asked. */
export interface CacheHealth {
  /** How much the cache helps. */
  readonly status: CacheHealthStatus;
  /** What is not well, each in one sentence. */
  readonly reasons: readonly string[];
  /** Where entries are; `none` when the cache is turned off. */
  readonly store: 'memory' | 'redis' | 'none';
  /** Milliseconds a ping took; absent in memory. */
  readonly latencyMs?: number;
  /** State of the circuit breaker; absent in memory. */
  readonly breaker?: string;
  /** Invalidations the store could not be told yet. */
  readonly remembered: number;
  /** What Redis has refused in the last ten seconds; absent when nothing. */
  readonly refused?: readonly RefusalKind[];
  /** Bytes in use by the store. */
  readonly memory: number;
  /** How this process hears of changes in Redis; absent without a tier before Redis. */
  readonly coherence?: Coherence;
  /**
   * Milliseconds for which this process may answer what another one has changed, at worst: when the line on which changes are
   * told dies without a word. 0 while nothing is answered from the tier; absent without one.
   */
  readonly stalenessMs?: number;
  /** What the tier before Redis holds. */
  readonly l1?: { readonly entries: number; readonly bytes: number };
}

// Cache reads give up after commandTimeout; a ping that takes this share of it says that some of them will.
const SLOW_SHARE = 0.5;
// A Redis this full evicts or refuses at any moment.
const FULL_SHARE = 0.95;

export interface HealthFacts {
  readonly store: CacheHealth['store'];
  readonly remembered: number;
  readonly memory: number;
  readonly redis?: {
    readonly place: string;
    readonly answers: boolean;
    readonly lastError: string;
    readonly latencyMs: number | undefined;
    readonly commandTimeoutMs: number;
    readonly breaker: string;
    readonly refusals: readonly Refusal[];
    /** `maxmemory` of the server; 0 is no limit. */
    readonly maxMemory: number;
    /** The tier before Redis; absent when there is none. */
    readonly near?: NearFacts | undefined;
    /** Rate limits are counted there, and may be evicted like everything else. */
    readonly limitsEvictable?: boolean;
    /** Invalidations that too few replicas have confirmed. */
    readonly unconfirmed?: number;
  };
}

type RedisFacts = NonNullable<HealthFacts['redis']>;

/** Judges facts; pure, so that every rule is tested. */
export function judgeHealth({ store, remembered, memory, redis }: HealthFacts): CacheHealth {
  const reasons =
    remembered === 0
      ? []
      : [`${remembered} invalidations wait for Redis; nothing is read from it before they are told.`];
  const base = { store, remembered, memory };
  if (redis === undefined) return { ...base, reasons, status: 'up' };
  const { answers, latencyMs, breaker, refusals, near } = redis;
  if (!answers) reasons.unshift(silence(redis));
  reasons.push(...troubles(redis, memory));
  const tier = near && {
    coherence: near.coherence,
    stalenessMs: near.stalenessMs,
    l1: { entries: near.entries, bytes: near.bytes },
  };
  return {
    ...base,
    ...tier,
    reasons,
    status: !answers ? 'down' : reasons.length > 0 ? 'degraded' : 'up',
    breaker,
    ...(refusals.length === 0 ? {} : { refused: refusals.map(({ kind }) => kind) }),
    ...(latencyMs === undefined ? {} : { latencyMs: Math.round(latencyMs * 10) / 10 }),
  };
}

function silence({ place, lastError, refusals }: RedisFacts): string {
  // It did answer; what it refused is a reason of its own.
  if (refusals.some(({ message }) => message === lastError))
    return `${place} cannot be used at the moment. Reads go to their source.`;
  return `${place} does not answer${lastError ? `: ${lastError}` : ''}. ${adviceOn(lastError)} Reads go to their source.`;
}

/** What is not well though Redis may answer. */
function troubles(redis: RedisFacts, memory: number): string[] {
  const { place, answers, latencyMs, commandTimeoutMs, breaker, refusals, maxMemory, near, unconfirmed = 0 } = redis;
  const reasons = refusals.map(({ kind, message }) => `${place} refuses: ${REFUSALS[kind]} (${message}).`);
  if (breaker !== 'closed') reasons.push(`The circuit breaker is ${breaker}: Redis was silent too often.`);
  if (latencyMs !== undefined && latencyMs > commandTimeoutMs * SLOW_SHARE) {
    reasons.push(`A ping took ${latencyMs.toFixed(1)} ms; reads give up after ${commandTimeoutMs} ms.`);
  }
  if (maxMemory > 0 && memory > maxMemory * FULL_SHARE) {
    reasons.push(`Redis uses ${memory} of ${maxMemory} bytes: it will evict or refuse entries.`);
  }
  if (redis.limitsEvictable && maxMemory > 0) {
    reasons.push(
      `${place} evicts any key when it is full: rate limits may be forgotten. Set maxmemory-policy to noeviction or volatile-lru, or give limits a Redis of their own.`,
    );
  }
  if (answers) reasons.push(...unconfirmedBy(unconfirmed), ...unheard(place, near));
  return reasons;
}

function unconfirmedBy(invalidations: number): string[] {
  if (invalidations === 0) return [];
  return [
    `${invalidations} invalidations are on too few replicas: a failover could undo them until they are told again.`,
  ];
}

function unheard(place: string, near: NearFacts | undefined): string[] {
  if (near === undefined) return [];
  const { coherence, refusal = '', stalenessMs } = near;
  if (coherence === 'bounded') {
    const bound = `an entry may be answered for ${stalenessMs} ms after another program has changed it`;
    return [`${place} does not tell changes (${refusal}); the processes tell each other, and ${bound}.`];
  }
  if (coherence === 'refused') return [`${place} does not tell changes (${refusal}): every read goes there.`];
  return coherence === 'deaf' ? [`Changes in ${place} are not heard at the moment: every read goes there.`] : [];
}
