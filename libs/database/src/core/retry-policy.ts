import { type Backoff, exponentialBackoff } from '@mobius1/kernel';
import { classifyFailure, type Failure, type FailureKind } from './failure.js';

/** What is tried: statements alone, or a whole transaction. */
export type Operation =
  /** Changes nothing. */
  | 'read'
  /** Changes something, once for each time it is done. */
  | 'write'
  /** Changes something, and doing it twice is doing it once: its author has said so. */
  | 'idempotent-write'
  /** A transaction that failed before its COMMIT was sent. */
  | 'transaction'
  /** A transaction whose COMMIT had been sent. */
  | 'commit';

/** How often, and how long between. Milliseconds. */
export interface Pace {
  /** The first included. */
  readonly attempts: number;
  readonly base: number;
  readonly cap: number;
  readonly jitter: 'full' | 'equal';
}

/** `retry`: at its pace. `never`: the error goes to the caller. `ambiguous`: nobody knows whether it was done. */
export type Verdict = 'retry' | 'never' | 'ambiguous';

export interface Decision {
  readonly pace: Pace;
  readonly verdicts: Readonly<Record<Operation, Verdict>>;
  /** Why, for the documentation. */
  readonly because: string;
}

// Conflicts are over in milliseconds, and who retries at the same time conflicts again: all of the pause is left to chance.
const CONFLICT: Pace = { attempts: 5, base: 10, cap: 500, jitter: 'full' };
// A server that starts or fails over takes seconds.
const ABSENT: Pace = { attempts: 5, base: 100, cap: 5_000, jitter: 'equal' };
const ONCE: Pace = { attempts: 2, base: 100, cap: 5_000, jitter: 'equal' };

type Verdicts = Decision['verdicts'];
const every = (verdict: Verdict): Verdicts => ({
  read: verdict,
  write: verdict,
  'idempotent-write': verdict,
  transaction: verdict,
  commit: verdict,
});

/**
 * The whole of the retry policy (G17), as data; `docs/transactions.md` is checked against it. Only the outermost transaction is
 * ever retried, always from its beginning, within its deadline, and the original error is thrown in the end.
 */
export const DECISIONS: Readonly<Record<FailureKind, Decision>> = Object.freeze({
  conflict: { pace: CONFLICT, verdicts: every('retry'), because: 'the server has undone it, and says so' },
  lock: { pace: CONFLICT, verdicts: every('retry'), because: 'the server has undone it, and says so' },
  refused: {
    pace: ABSENT,
    verdicts: { ...every('retry'), commit: 'ambiguous' },
    because: 'nothing was sent',
  },
  lost: {
    pace: ONCE,
    verdicts: { ...every('retry'), write: 'never', commit: 'ambiguous' },
    because: 'a read, or what was not committed, has done nothing; a write alone may have been done',
  },
  'read-only': {
    pace: ABSENT,
    verdicts: every('retry'),
    because: 'the server has refused it; the connection is given up, and the next one may lead to the new primary',
  },
  saturated: { pace: ABSENT, verdicts: every('never'), because: 'more attempts would only make the queue longer' },
  cancelled: { pace: ONCE, verdicts: every('never'), because: 'it would take as long again' },
  expired: { pace: ONCE, verdicts: every('never'), because: 'it would take as long again' },
  constraint: { pace: ONCE, verdicts: every('never'), because: 'it would break the same rule again' },
  other: {
    pace: ONCE,
    verdicts: { ...every('never'), commit: 'ambiguous' },
    because: 'what is not understood is not repeated',
  },
});

/**
 * What to do after a failure. At COMMIT an answer of the server, whatever it says, means that it was not committed; only
 * silence leaves that open.
 */
export function decide({ kind, sqlState }: Failure, operation: Operation): Verdict {
  const verdict = DECISIONS[kind].verdicts[operation];
  const answered = sqlState !== undefined && kind !== 'lost' && kind !== 'refused';
  return verdict === 'ambiguous' && answered ? 'never' : verdict;
}

/** Whether a write that failed may have been done: the server did not say that it was not. */
export const mayBeDone = (error: unknown): boolean => decide(classifyFailure(error), 'commit') === 'ambiguous';

/** How long to wait between attempts, by what went wrong. */
export class RetryPaces {
  readonly #backoffs: Readonly<Record<FailureKind, Backoff>>;

  constructor() {
    const backoffs = Object.entries(DECISIONS).map(([kind, { pace }]) => [
      kind,
      exponentialBackoff({ base: pace.base, cap: pace.cap, jitter: pace.jitter }),
    ]);
    this.#backoffs = Object.fromEntries(backoffs) as Record<FailureKind, Backoff>;
  }

  /**
   * Milliseconds until the next attempt; `undefined` when there is none: it is not safe, there were enough of them, or the
   * deadline would be over.
   */
  delay(failure: Failure, operation: Operation, attempt: number, left: { ms: number; random: number }) {
    const { kind } = failure;
    if (decide(failure, operation) !== 'retry' || attempt >= DECISIONS[kind].pace.attempts) return undefined;
    const delayMs = this.#backoffs[kind](attempt, left.random);
    return delayMs < left.ms ? delayMs : undefined;
  }
}
