/** How a transaction ended that was not rolled back. `unclear`: nobody knows whether its COMMIT was carried out. */
export type CommitOutcome = 'committed' | 'unclear';

/**
 * The one thing that a cache must know of a database: whether what was just written can be seen by others yet.
 *
 * An invalidation before the commit lets a reader fill the cache again with the old row; so it is handed over as an
 * effect and runs after the commit, or never when the transaction rolls back.
 */
export interface UnitOfWork {
  /** Whether a transaction is active here. */
  readonly active: boolean;
  /** Runs `effect` after the commit; at once, returning its result, when no transaction is active. */
  afterCommit(effect: (outcome: CommitOutcome) => void | Promise<void>): void | Promise<void>;
  /**
   * Runs `effect` when everything else of the active transaction is done, just before its COMMIT, which will not be sent later than
   * `ms` from then. When it rejects, the transaction is rolled back. Nothing happens when none is active.
   */
  beforeCommit?(effect: (ms: number) => Promise<void>): void;
  /** Runs `effect` when the active transaction, or the part of it that this is, is rolled back. */
  afterRollback?(effect: () => void | Promise<void>): void;
}

/** The unit of work of programs without transactions: every effect runs at once. */
export const noUnitOfWork: UnitOfWork = Object.freeze({
  active: false,
  afterCommit: (effect: (outcome: CommitOutcome) => void | Promise<void>) => effect('committed'),
});

/**
 * Under this token a database module provides its unit of work, and a cache module asks for it. Global, because several copies of
 * this package may be loaded in one process.
 */
export const UNIT_OF_WORK = Symbol.for('@mobius1/unit-of-work');
