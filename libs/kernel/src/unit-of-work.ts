/**
 * The one thing that a cache must know of a database: whether what was just written can be seen by others yet.
 *
 * An invalidation before the commit lets a reader fill the cache again with the old row; so it is handed over as an
 * effect and runs after the commit, or never when the transaction rolls back.
 */
export interface UnitOfWork {
  /** Runs `effect` after the commit; at once, returning its result, when no transaction is active. */
  afterCommit(effect: () => void | Promise<void>): void | Promise<void>;
  /** Whether a transaction is active here. */
  readonly active: boolean;
}

/** The unit of work of programs without transactions: every effect runs at once. */
export const noUnitOfWork: UnitOfWork = Object.freeze({
  active: false,
  afterCommit: (effect: () => void | Promise<void>) => effect(),
});
