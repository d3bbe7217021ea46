import type { Clock, CommitOutcome, UnitOfWork } from '@mobius1/kernel';
import { namespaceName, ROOT } from './generation.js';
import { unlessUnavailable } from './loader.js';
import type { Counts } from './stats.js';
import type { Fenced, Invalidation, Selection, Store } from './store.js';

/** For how long beyond the last moment at which it is sent a COMMIT may still take effect. */
const COMMIT_MS = 5_000;

export interface CommitBoundParts {
  readonly work: UnitOfWork;
  /** Whether generations are fenced before each COMMIT. */
  readonly fence: boolean;
  readonly store: Pick<Store, 'fence' | 'lift'>;
  readonly counts: Counts;
  readonly clock: Clock;
  /** Invalidates now. */
  readonly carryOut: (invalidation: Invalidation) => Promise<unknown>;
}

/**
 * Invalidations inside a transaction of the database (G16, protocol rule 15).
 *
 * What a transaction has written nobody else sees before its COMMIT: who loads before reads the old row, and would store it after an
 * invalidation that came too early. So the invalidation is done after the COMMIT, and not at all when the transaction, or the part of it
 * that asked for it, is rolled back. Reads inside a transaction go past the cache: they may see what others must not see, or
 * would be answered from before its own writes.
 *
 * Between COMMIT and invalidation a process may die. A fence closes that gap: just before COMMIT, what is to be invalidated is
 * made void, and nothing that depends on it is stored until it is lifted after the COMMIT, or has outlived the last moment at which that
 * COMMIT can take effect. A transaction is not stopped because the cache cannot be told; that is counted as `unfenced`.
 */
export class CommitBound {
  readonly #parts: CommitBoundParts;

  constructor(parts: CommitBoundParts) {
    this.#parts = parts;
  }

  /** Whether the running code is called from a transaction. */
  get active(): boolean {
    return this.#parts.work.active;
  }

  /** Invalidates after the COMMIT. */
  defer(invalidation: Invalidation): void {
    const { work, fence } = this.#parts;
    let fenced: Fenced | undefined;
    if (fence) {
      work.beforeCommit?.(async (ms) => {
        fenced = await this.#fence(invalidation, ms + COMMIT_MS);
      });
      // The fence was put up for a COMMIT that failed.
      work.afterRollback?.(() => fenced && this.#parts.store.lift(fenced));
    }
    void work.afterCommit((outcome) => this.#afterCommit(invalidation, fenced, outcome));
  }

  async #afterCommit(invalidation: Invalidation, fenced: Fenced | undefined, outcome: CommitOutcome): Promise<void> {
    const { clock, carryOut, store } = this.#parts;
    if (outcome === 'unclear') {
      // It may take effect yet. A fence outlives that; without one, what is stored until then goes a second time.
      if (fenced === undefined) clock.schedule(() => void carryOut(invalidation), COMMIT_MS);
    } else if (fenced !== undefined) await store.lift(fenced);
    await carryOut(invalidation);
  }

  async #fence(invalidation: Invalidation, ms: number): Promise<Fenced | undefined> {
    const fenced = fencedBy(invalidation);
    try {
      await this.#parts.store.fence(fenced, ms);
      return fenced;
    } catch (error) {
      unlessUnavailable(error);
      this.#parts.counts.unfenced++;
      return undefined;
    }
  }
}

/** Patterns cannot be fenced; the namespace that they search can: that voids more, never less. */
function fencedBy({ ids = [], names = [], selections = [] }: Invalidation): Fenced {
  const searched = ({ namespace, everything }: Selection): string =>
    everything || namespace === undefined ? ROOT : namespaceName(namespace);
  return { ids, names: [...new Set([...names, ...selections.map(searched)])] };
}
