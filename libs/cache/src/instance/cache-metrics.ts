import type { Counts } from '../core/stats.js';
import type { Coherence } from '../core/store.js';
import type { NearFacts } from '../drivers/near/near-tier.js';
import type { RateLimitStats } from '../features/rate-limit/limit-stats.js';

/** One number of a cache, in the terms of Prometheus. Labels never hold keys, tags, namespaces or values (G9). */
export interface CacheMetric {
  /** Snake case with unit, beginning with `mobius_cache_`. */
  readonly name: string;
  /** One sentence for people. */
  readonly help: string;
  /** `counter`: grows from the start of the process; `gauge`: as it is now. */
  readonly type: 'counter' | 'gauge';
  /** Its value for each set of labels. */
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

export interface MetricFacts {
  readonly counts: Counts;
  readonly remembered: number;
  readonly flights: number;
  readonly limits: RateLimitStats;
  /** Absent without Redis. */
  readonly connection?: { ready: boolean; breaker: string; latencyMs: number | undefined } | undefined;
  /** Absent without a tier before Redis. */
  readonly near?: NearFacts | undefined;
  /** Absent where no invalidation waits for replicas. */
  readonly unconfirmed?: number | undefined;
}

/** Every count has a metric: one that is missing here does not compile. */
const COUNTED: Readonly<Record<keyof Counts, string>> = {
  hits: 'Reads answered from the cache.',
  localHits: 'Hits that this process answered without asking Redis.',
  stale: 'Reads answered by a value whose TTL had ended.',
  misses: 'Reads that ran, or waited for, a load.',
  loads: 'Loads that were run.',
  waits: 'Loads that another process was running already, and that were waited for.',
  takeOvers: 'Waits that ended with a load of one’s own.',
  loadFailures: 'Loads that failed.',
  fills: 'Values stored.',
  fenced: 'Values not stored because an invalidation came while they were loaded.',
  uncacheable: 'Values not stored because of what they were.',
  foreign: 'Values of somebody else that were found under a key and removed.',
  invalidations: 'Invalidations by this process.',
  bypassed: 'Reads and writes inside of transactions, which went past the cache.',
  unfenced: 'Transactions committed without the fence that was asked for.',
  storeFailures: 'Questions to the store that were not answered.',
};

const COHERENCES: readonly Coherence[] = ['coherent', 'bounded', 'deaf', 'refused'];
const BREAKER_STATES = ['closed', 'half-open', 'open'];

/** Numbers out of facts; pure. */
export function describeMetrics({
  counts,
  remembered,
  flights,
  limits,
  connection,
  near,
  unconfirmed,
}: MetricFacts): CacheMetric[] {
  const counters = Object.entries(COUNTED).map(([count, help]) => ({
    name: `mobius_cache_${snakeCase(count)}_total`,
    help,
    type: 'counter' as const,
    samples: [{ labels: {}, value: counts[count as keyof Counts] }],
  }));
  return [
    ...counters,
    gauge('remembered_invalidations', 'Invalidations that wait until Redis can be told.', remembered),
    gauge('flights', 'Loads in progress that may be joined.', flights),
    ...ofLimits(limits),
    ...(connection === undefined ? [] : ofConnection(connection)),
    ...(near === undefined ? [] : ofTier(near)),
    ...(unconfirmed === undefined
      ? []
      : [gauge('unconfirmed_invalidations', 'Invalidations that too few replicas have confirmed.', unconfirmed)]),
  ];
}

/** The first sample says which labels there are, also before anything was counted. */
function ofLimits({ decisions, denials, outages, remembered, slots }: RateLimitStats): CacheMetric[] {
  const decided = decisions.map(({ outcome, source, count }) => ({ labels: { outcome, source }, value: count }));
  const denied = denials.map(({ policy, shadow, count }) => ({
    labels: { policy, shadow: String(shadow) },
    value: count,
  }));
  const counter = (name: string, help: string, samples: CacheMetric['samples']): CacheMetric => ({
    ...{ name: `mobius_cache_rate_limit_${name}_total`, help, type: 'counter', samples },
  });
  return [
    counter('decisions', 'Decisions of rate limits, by how they ended and who decided.', [
      { labels: { outcome: 'allowed', source: 'none' }, value: 0 },
      ...decided,
    ]),
    counter('denials', 'Limits that said no, by their name; those in the shadow denied nothing.', [
      { labels: { policy: 'none', shadow: 'false' }, value: 0 },
      ...denied,
    ]),
    counter('outages', 'Decisions without the store because it was away.', [{ labels: {}, value: outages }]),
    gauge('rate_limit_denials_remembered', 'Denials that this process remembers.', remembered),
    gauge('rate_limit_slots', 'Slots of concurrency limits that this process holds.', slots),
  ];
}

function ofConnection({ ready, breaker, latencyMs }: NonNullable<MetricFacts['connection']>): CacheMetric[] {
  const pings = latencyMs === undefined ? [] : [{ labels: {}, value: latencyMs / 1_000 }];
  return [
    gauge('connected', '1 while there is a connection to Redis.', ready ? 1 : 0),
    state('breaker', 'The state of the circuit breaker that is 1.', BREAKER_STATES, breaker),
    // There before the first ping, too: whoever registers metrics does so once, perhaps before there is a connection.
    { ...gauge('ping_seconds', 'How long the last ping took.', 0), samples: pings },
  ];
}

function ofTier({ coherence, entries, bytes, stalenessMs }: NearFacts): CacheMetric[] {
  return [
    state('coherence', 'How this process hears of changes in Redis: the state that is 1.', COHERENCES, coherence),
    gauge('staleness_bound_seconds', 'How old an answer of the tier may be, at worst.', stalenessMs / 1_000),
    gauge('l1_entries', 'Entries in the tier of this process.', entries),
    gauge('l1_bytes', 'Bytes of encoded values in the tier of this process.', bytes),
  ];
}

function gauge(name: string, help: string, value: number): CacheMetric {
  return { name: `mobius_cache_${name}`, help, type: 'gauge', samples: [{ labels: {}, value }] };
}

function state(name: string, help: string, states: readonly string[], current: string): CacheMetric {
  const samples = states.map((one) => ({ labels: { state: one }, value: one === current ? 1 : 0 }));
  return { name: `mobius_cache_${name}`, help, type: 'gauge', samples };
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
