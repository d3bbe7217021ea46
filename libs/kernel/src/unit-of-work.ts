/**
 * The one thing that a cache must know of a database: whether what was just written can be seen by others yet.
 *
 * An invalidation before the commit lets a reader fill the cache again with the old row; so it is handed over as an
 * effect and runs after the commit, or never when the transaction rolls back.
 */
export interface UnitOfWork {
  /** Runs `effect` after the commit; at once, returning its result, when no transaction is active. */
  afterCommit(effect: () => void | Promise<void>): void | Promise<void>;
  /**
   * Runs `effect` when everything else of the active transaction is done, just before its COMMIT; when it rejects, the
   * transaction is rolled back. Nothing happens when none is active.
   */
  beforeCommit?(effect: () => Promise<void>): void;
  /** Whether a transaction is active here. */
  readonly active: boolean;
}

/** The unit of work of programs without transactions: every effect runs at once. */
export const noUnitOfWork: UnitOfWork = Object.freeze({
  active: false,
  afterCommit: (effect: () => void | Promise<void>) => effect(),
});

/**
 * Under this token a database module provides its unit of work, and a cache module asks for it. Global, because several copies of
 * this package may be loaded in one process.
 */
export const UNIT_OF_WORK = Symbol.for('@mobius1/unit-of-work');
