import type { Coherence } from '../core/store.js';
import type { NearFacts } from '../drivers/near/near-tier.js';

/** `up`: all is well. `degraded`: the application works, the cache helps less. `down`: the cache does not help at all. */
export type CacheHealthStatus = 'up' | 'degraded' | 'down';

/** How the cache does, measured when it was asked. */
export interface CacheHealth {
  readonly status: CacheHealthStatus;
  /** What is not well, each in one sentence. */
  readonly reasons: readonly string[];
  readonly store: 'memory' | 'redis' | 'none';
  /** Milliseconds a ping took; absent in memory. */
  readonly latencyMs?: number;
  /** State of the circuit breaker; absent in memory. */
  readonly breaker?: string;
  /** Invalidations the store could not be told yet. */
  readonly remembered: number;
  /** Bytes in use by the store. */
  readonly memory: number;
  /** How this process hears of changes in Redis; absent without a tier before Redis. */
  readonly coherence?: Coherence;
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
    /** `maxmemory` of the server; 0 is no limit. */
    readonly maxMemory: number;
    /** The tier before Redis; absent when there is none. */
    readonly near?: NearFacts | undefined;
  };
}

/** Judges facts; pure, so that every rule is tested. */
export function judgeHealth({ store, remembered, memory, redis }: HealthFacts): CacheHealth {
  const reasons: string[] = [];
  const base = { store, remembered, memory, reasons };
  if (remembered > 0)
    reasons.push(`${remembered} invalidations wait for Redis; nothing is read from it before they are told.`);
  if (redis === undefined) return { ...base, status: 'up' };
  const { place, answers, lastError, latencyMs, commandTimeoutMs, breaker, maxMemory, near } = redis;
  if (!answers)
    reasons.unshift(`${place} does not answer${lastError ? `: ${lastError}` : ''}. Reads go to their source.`);
  if (breaker !== 'closed') reasons.push(`The circuit breaker is ${breaker}: Redis was silent too often.`);
  if (latencyMs !== undefined && latencyMs > commandTimeoutMs * SLOW_SHARE) {
    reasons.push(`A ping took ${latencyMs.toFixed(1)} ms; reads give up after ${commandTimeoutMs} ms.`);
  }
  if (maxMemory > 0 && memory > maxMemory * FULL_SHARE) {
    reasons.push(`Redis uses ${memory} of ${maxMemory} bytes: it will evict or refuse entries.`);
  }
  if (near !== undefined && answers) reasons.push(...unheard(place, near));
  const status = !answers ? 'down' : reasons.length > 0 ? 'degraded' : 'up';
  const tier = near && { coherence: near.coherence, l1: { entries: near.entries, bytes: near.bytes } };
  return {
    ...base,
    ...tier,
    status,
    breaker,
    ...(latencyMs === undefined ? {} : { latencyMs: Math.round(latencyMs * 10) / 10 }),
  };
}

function unheard(place: string, { coherence, refusal = '', boundedMs }: NearFacts): string[] {
  if (coherence === 'bounded') {
    const bound = `an entry may be answered for ${boundedMs} ms after another program has changed it`;
    return [`${place} does not tell changes (${refusal}); the processes tell each other, and ${bound}.`];
  }
  if (coherence === 'refused') return [`${place} does not tell changes (${refusal}): every read goes there.`];
  return coherence === 'deaf' ? [`Changes in ${place} are not heard at the moment: every read goes there.`] : [];
}
