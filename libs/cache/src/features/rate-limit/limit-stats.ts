import type { RateLimitDecision, RateLimitResult, RateLimitSource } from './limit-types.js';

/** How a decision ended. `reported`: a policy in the shadow would have denied what passed. */
export type RateLimitOutcome = 'allowed' | 'denied' | 'reported';

/** Counts of decisions since the start of the process. */
export interface RateLimitStats {
  /** By how they ended and who decided. */
  readonly decisions: readonly {
    readonly outcome: RateLimitOutcome;
    readonly source: RateLimitSource;
    readonly count: number;
  }[];
  /** Denials by the name of the policy, those of policies in the shadow apart. */
  readonly denials: readonly { readonly policy: string; readonly shadow: boolean; readonly count: number }[];
  /** Decisions without the store because it was away. */
  readonly outages: number;
  /** Denials that this process remembers. */
  readonly remembered: number;
  /** Slots that this process holds. */
  readonly slots: number;
}

// Policies may be computed for each request: their names must not fill the memory, or a system of metrics.
const MOST_POLICIES = 100;
const OTHER = 'other';

/** Counts decisions; in names of policies and sources, never in keys (G9). */
export class LimitStats {
  readonly #decisions = new Map<string, number>();
  readonly #denials = new Map<string, number>();
  #outages = 0;

  count(decision: RateLimitDecision): void {
    const { allowed, source, results } = decision;
    let outcome: RateLimitOutcome = allowed ? 'allowed' : 'denied';
    for (const result of results) {
      if (result.allowed) continue;
      if (allowed) outcome = 'reported';
      this.#deny(result);
    }
    add(this.#decisions, NAMES[outcome][source]);
    if (source === 'local' || source === 'open' || source === 'closed') this.#outages++;
  }

  read(now: Pick<RateLimitStats, 'remembered' | 'slots'>): RateLimitStats {
    const decisions = [...this.#decisions].map(([name, count]) => {
      const [outcome, source] = name.split(' ') as [RateLimitOutcome, RateLimitSource];
      return { outcome, source, count };
    });
    const denials = [...this.#denials].map(([name, count]) => {
      const [shadow, policy = ''] = name.split(' ');
      return { policy, shadow: shadow === 'shadow', count };
    });
    return { decisions, denials, outages: this.#outages, ...now };
  }

  #deny({ policy, shadow }: RateLimitResult): void {
    const name = `${shadow ? 'shadow' : 'real'} ${policy}`;
    const known = this.#denials.has(name) || this.#denials.size < MOST_POLICIES;
    add(this.#denials, known ? name : `${shadow ? 'shadow' : 'real'} ${OTHER}`);
  }
}

const SOURCES: readonly RateLimitSource[] = [
  ...(['redis', 'memory', 'deny-cache', 'unsatisfiable', 'exempt', 'local', 'open', 'closed'] as const),
];
const named = (outcome: RateLimitOutcome): Record<RateLimitSource, string> =>
  Object.fromEntries(SOURCES.map((source) => [source, `${outcome} ${source}`])) as Record<RateLimitSource, string>;
/** Made once: a decision is to cost no text. */
const NAMES = { allowed: named('allowed'), denied: named('denied'), reported: named('reported') };

const add = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
