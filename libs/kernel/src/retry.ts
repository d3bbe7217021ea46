import { type Backoff } from './backoff.js';
import { type Clock } from './clock.js';
import { Deadline } from './deadline.js';
import { OptionCheck } from './option-check.js';

/** What happened when an attempt failed that will be repeated. */
export interface RetryEvent {
  /** The number of the attempt that failed, from 1. */
  readonly attempt: number;
  /** What it threw. */
  readonly error: unknown;
  /** Milliseconds until the next attempt. */
  readonly delayMs: number;
}

/** Options of {@link retry}. */
export interface RetryOptions {
  /** Most attempts in all, the first included; at least 1. `Infinity` leaves the end to `deadline` and `signal`. */
  readonly attempts: number;
  /** How long to wait after each failed attempt. */
  readonly backoff: Backoff;
  /** No further attempt starts after it; the first one always does. @default never */
  readonly deadline?: Deadline;
  /** Whether another attempt could end otherwise; must not throw. */
  readonly retryable: (error: unknown) => boolean;
  /** Where time and jitter come from. */
  readonly clock: Pick<Clock, 'sleep' | 'random'>;
  /** Handed to each attempt; when it aborts, no further attempt starts. */
  readonly signal?: AbortSignal;
  /** Told before each wait; must not throw. */
  readonly onRetry?: (event: RetryEvent) => void;
}

/**
 * Repeats `fn` until it succeeds, the error is not `retryable`, or attempts, time or patience run out.
 *
 * Gives up early rather than late: when the wait would reach the deadline, the error is thrown at once.
 *
 * @throws the error of the last attempt, unchanged; the reason of `signal` when it had aborted before the first attempt;
 * InvalidOptionsError when `attempts` is less than 1.
 * @example
 * await retry((attempt, signal) => query(sql, { signal }), {
 *   attempts: 3,
 *   backoff: exponentialBackoff({ base: 50, cap: 1_000 }),
 *   retryable: isTransient,
 *   clock: systemClock,
 * });
 */
export async function retry<T>(
  fn: (attempt: number, signal: AbortSignal | undefined) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { attempts, backoff, deadline = Deadline.never(), retryable, clock, signal, onRetry } = options;
  if (!(attempts >= 1)) rejectAttempts(attempts);
  signal?.throwIfAborted();
  for (let attempt = 1; ; attempt++) {
    try {
      return await fn(attempt, signal);
    } catch (error) {
      if (attempt >= attempts || signal?.aborted || !retryable(error)) throw error;
      const delayMs = backoff(attempt, clock.random());
      if (delayMs >= deadline.remaining()) throw error;
      onRetry?.({ attempt, error, delayMs });
      await clock.sleep(delayMs, signal);
      // Asked again: the sleep may have been cut short, or may have lasted longer than it should.
      if (isAborted(signal) || deadline.expired) throw error;
    }
  }
}

function rejectAttempts(attempts: unknown): void {
  const check = new OptionCheck('retry');
  check.problem('attempts', 'a number of at least 1', attempts);
  check.throwIfAny();
}

/** A call, because the compiler takes a property that it has seen false for false after an await as well. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false;
}
