import type { Clock } from '@mobius1/kernel';
import type { Claim, LimitStore, Ruling } from '../../core/limits/limit-store.js';
import { decisionOf, isUnsatisfiable, resultOf, unasked } from './decision.js';
import type { DenyCache } from './deny-cache.js';
import type { Item } from './limit-request.js';
import type { RateLimitDecision, RateLimitOutage, RateLimitResult, RateLimitSource } from './limit-types.js';

/** A decision, and the store that has charged, which is the one to give back to. */
export interface Settled {
  readonly decision: RateLimitDecision;
  readonly store: LimitStore | undefined;
}

interface ArbiterParts {
  readonly store: LimitStore;
  /** Counts while the store is away. */
  readonly local: LimitStore;
  readonly denials: DenyCache;
  readonly clock: Clock;
  readonly onOutage: RateLimitOutage;
}

/**
 * Who decides: this process, where it knows; else the store; and while that is away, each limit as its policy says (G15). Whatever the store
 * fails of is an outage, never a denial.
 */
export class Arbiter {
  readonly #parts: ArbiterParts;

  constructor(parts: ArbiterParts) {
    this.#parts = parts;
  }

  /** Charges everything or nothing. */
  charge(items: readonly Item[], claim?: Claim): Promise<Settled> {
    const known = this.#known(items);
    if (known !== undefined) return Promise.resolve({ decision: known, store: undefined });
    const { store, local, clock } = this.#parts;
    const since = clock.monotonic();
    const asked = satisfiable(items);
    if (asked.length === 0) {
      const decision = decided({ items, asked, ruling: NOTHING_ASKED, source: store.kind });
      return Promise.resolve({ decision, store: undefined });
    }
    return store.charge(asked, claim).then(
      (ruling) => {
        if (!ruling.allowed) this.#note(asked, ruling, since);
        const decision = decided({ items, asked, ruling, source: store.kind });
        return { decision, store: ruling.allowed ? store : undefined };
      },
      () => this.#without(items, (some) => local.charge(some, claim)),
    );
  }

  async peek(items: readonly Item[]): Promise<RateLimitDecision> {
    const { store, local } = this.#parts;
    const asked = satisfiable(items);
    try {
      const ruling = asked.length === 0 ? NOTHING_ASKED : await store.peek(asked);
      return decided({ items, asked, ruling, source: store.kind });
    } catch {
      return (await this.#without(items, (some) => local.peek(some))).decision;
    }
  }

  /** What can be decided without asking: only denials. */
  #known(items: readonly Item[]): RateLimitDecision | undefined {
    let results: RateLimitResult[] | undefined;
    for (const item of items) {
      if (item.rule.shadow) continue;
      if (isUnsatisfiable(item)) (results ??= []).push(unasked(item, 'unsatisfiable', false));
      else {
        const verdict = this.#parts.denials.find(item);
        if (verdict !== undefined) (results ??= []).push(resultOf(item, verdict, 'deny-cache'));
      }
    }
    return results && decisionOf(results);
  }

  #note(items: readonly Item[], { verdicts }: Ruling, since: number): void {
    items.forEach((item, i) => {
      const verdict = verdicts[i];
      if (verdict !== undefined) this.#parts.denials.note(item, verdict, since);
    });
  }

  /** The store is away: each limit by its policy, and still all or nothing. */
  async #without(items: readonly Item[], ask: (items: readonly Item[]) => Promise<Ruling>): Promise<Settled> {
    const ways = items.map(({ limit }) => limit.onOutage ?? this.#parts.onOutage);
    const isClosed = items.some(({ rule }, i) => ways[i] === 'closed' && !rule.shadow);
    const counted = isClosed ? [] : items.filter((item, i) => ways[i] === 'local' && !isUnsatisfiable(item));
    const ruling = counted.length === 0 ? undefined : await ask(counted);
    const results = items.map((item, i) => {
      const verdict = ruling?.verdicts[counted.indexOf(item)];
      const way = ways[i] ?? 'open';
      if (isUnsatisfiable(item)) return unasked(item, 'unsatisfiable', false);
      return verdict === undefined ? unasked(item, way, way !== 'closed') : resultOf(item, verdict, 'local');
    });
    return { decision: decisionOf(results), store: ruling?.allowed ? this.#parts.local : undefined };
  }
}

const NOTHING_ASKED: Ruling = { allowed: true, verdicts: [] };

/** Those that the store can say more of than no. */
const satisfiable = (items: readonly Item[]): readonly Item[] =>
  items.some(isUnsatisfiable) ? items.filter((item) => !isUnsatisfiable(item)) : items;

interface Answered {
  readonly items: readonly Item[];
  /** Those of them that the ruling is about. */
  readonly asked: readonly Item[];
  readonly ruling: Ruling;
  readonly source: RateLimitSource;
}

function decided({ items, asked, ruling, source }: Answered): RateLimitDecision {
  let at = 0;
  const results = items.map((item) => {
    const verdict = item === asked[at] ? ruling.verdicts[at++] : undefined;
    return verdict === undefined ? unasked(item, 'unsatisfiable', false) : resultOf(item, verdict, source);
  });
  return decisionOf(results);
}
