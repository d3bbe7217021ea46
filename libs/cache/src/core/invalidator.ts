import type { Channel, Clock, UnitOfWork } from '@mobius1/kernel';
import { CommitBound } from './commit-bound.js';
import type { CacheEvents } from './events.js';
import type { FlightPlan } from './flight.js';
import type { Flights } from './flights.js';
import { namespaceName, ROOT, tagName } from './generation.js';
import { globMatcher } from './glob.js';
import { entryId, parseEntryId } from './key.js';
import type { RememberingStore } from './remembering-store.js';
import type { Counts } from './stats.js';
import type { Invalidation, Selection } from './store.js';

/** What to invalidate. Several kinds in one call are one invalidation. */
export interface Target {
  readonly namespace?: string | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Globs over keys; costs a walk over all keys. */
  readonly patterns?: readonly string[] | undefined;
  /** The whole namespace, or everything when there is none. */
  readonly all?: boolean | undefined;
}

export interface InvalidatorParts {
  readonly store: RememberingStore;
  readonly flights: Flights;
  readonly counts: Counts;
  readonly events: Channel<CacheEvents>;
  readonly clock: Clock;
  readonly work: UnitOfWork;
  readonly fence: boolean;
}

/** The one path of invalidations: now, or after the commit of the transaction that they stand in. */
export class Invalidator {
  readonly #parts: InvalidatorParts;
  readonly #transaction: CommitBound;

  constructor(parts: InvalidatorParts) {
    this.#parts = parts;
    this.#transaction = new CommitBound({ ...parts, carryOut: (invalidation) => this.carryOut(invalidation) });
  }

  /** Whether the running code stands in a transaction. */
  get deferring(): boolean {
    return this.#transaction.active;
  }

  /** Returns how many keys were removed now: none inside a transaction, and tags and namespaces remove none anyway. */
  async invalidate({ namespace, keys = [], tags = [], patterns = [], all = false }: Target): Promise<number> {
    const names = tags.map((tag) => tagName(tag, namespace));
    const selections: Selection[] = patterns.map((pattern) => ({ namespace, pattern }));
    if (all) {
      names.push(namespace === undefined ? ROOT : namespaceName(namespace));
      selections.push({ namespace, pattern: '*', everything: namespace === undefined }); // frees memory, ends counters
    }
    const ids = keys.map((key) => entryId(key, namespace));
    const invalidation = { ids, names, selections };
    return (await this.#nowOrAfterCommit(invalidation)).removed;
  }

  /** Leaves a key to the commit of the running transaction. */
  defer(id: string): void {
    this.#parts.counts.bypassed++;
    this.#transaction.defer({ ids: [id] });
  }

  /** Detaches before and after the store was told: promptly, and surely before it returns (protocol rule 8). */
  async carryOut(invalidation: Invalidation): Promise<{ removed: number; remembered: boolean }> {
    this.#parts.counts.invalidations++;
    this.detach(invalidation);
    try {
      const result = await this.#parts.store.invalidate(invalidation);
      this.#parts.events.emit('invalidated', () => ({ what: describe(invalidation), remembered: result.remembered }));
      return result;
    } finally {
      this.detach(invalidation);
    }
  }

  /** What an invalidation means for the flights of this process. */
  detach({ ids = [], names = [], selections = [] }: Invalidation): void {
    for (const id of ids) this.#parts.flights.detach(id);
    if (names.length > 0) this.#parts.flights.detachStamped(names);
    for (const selection of selections) this.#parts.flights.detachWhere(selects(selection));
  }

  async #nowOrAfterCommit(invalidation: Invalidation): Promise<{ removed: number }> {
    if (!this.deferring) return this.carryOut(invalidation);
    this.#transaction.defer(invalidation);
    return { removed: 0 };
  }
}

function selects({ namespace, pattern, everything }: Selection): (plan: FlightPlan) => boolean {
  const matches = globMatcher(pattern);
  return ({ id }) => {
    if (everything) return true;
    const parsed = parseEntryId(id);
    return parsed.namespace === namespace && matches(parsed.key);
  };
}

const describe = ({ ids = [], names = [], selections = [] }: Invalidation): string =>
  [...ids, ...names, ...selections.map(({ pattern }) => pattern)].join(', ');
