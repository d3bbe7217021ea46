import type { FailureKind } from './failure.js';

/** A statement that was run. Neither its literals nor its parameters are told, only what kind of values they were. */
export interface StatementEvent {
  /** Names the shape of the statement, in every process the same. */
  readonly fingerprint: string;
  /** The statement with `?` for its literals. */
  readonly statement: string;
  /** Kinds and lengths: `text(12)`. */
  readonly parameters: readonly string[];
  /** Milliseconds from sending it to its answer, without the wait for a connection. */
  readonly ms: number;
  /** Whether the server refused it, or it was lost. */
  readonly failed: boolean;
}

/** What the database tells about itself. */
export type DatabaseEvents = {
  /** A statement was run; only told when `enableQueryLogging` is set. */
  query: StatementEvent;
  /** A statement ran for longer than `slowQueryThreshold`. */
  slowQuery: StatementEvent;
  /** Somebody waited for longer than `slowQueryThreshold` until a connection was free: the pool is short, not the statement slow. */
  poolShort: { waitMs: number; active: number; waiting: number };
  /** A new connection took longer than `slowQueryThreshold` to be made. */
  slowConnect: { ms: number };
  /** A connection has been lent for longer than `leakThreshold`; `stack` is where it was taken. */
  leak: { heldMs: number; stack: string };
  /** A connection died while nobody used it; the pool makes another. */
  idleError: { error: Error };
  /** An operation failed and is tried again. */
  retry: { attempt: number; kind: FailureKind; delayMs: number };
  /** Options and server do not fit together. */
  sizing: { problem: string };
};
