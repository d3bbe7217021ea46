import { type Duration } from './duration.js';
import { OptionCheck } from './option-check.js';

/** How long to wait, in milliseconds, after attempt number `attempt` (from 1) has failed; `random` is in [0, 1). */
export type Backoff = (attempt: number, random: number) => number;

/** Options of {@link exponentialBackoff}. */
export interface ExponentialBackoffOptions {
  /** The delay after the first attempt, before jitter. A number is milliseconds. */
  readonly base: Duration;
  /** No delay is longer than this; at least `base`. A number is milliseconds. */
  readonly cap: Duration;
  /** What the delay is multiplied by after each further attempt; at least 1. @default 2 */
  readonly factor?: number;
  /**
   * How much of the delay is left to chance: `'full'` all of it, `'equal'` the upper half, `'none'` nothing.
   * @default 'full'
   */
  readonly jitter?: 'full' | 'equal' | 'none';
}

/**
 * Delays that grow exponentially up to a cap, spread by chance so that clients that failed together do not return
 * together.
 *
 * Names and formulas: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. Full jitter does the
 * least work in total; equal jitter guarantees a pause. We leave out his "decorrelated" jitter: it needs a memory of
 * the last delay and does not do better than full jitter.
 *
 * @throws InvalidOptionsError
 * @example
 * const backoff = exponentialBackoff({ base: 50, cap: '2s' });
 * await clock.sleep(backoff(attempt, clock.random()));
 */
export function exponentialBackoff(options: ExponentialBackoffOptions): Backoff {
  const check = new OptionCheck('exponentialBackoff');
  check.unknownKeys('', options, ['base', 'cap', 'factor', 'jitter']);
  check.required('base', options.base, 'a duration');
  check.required('cap', options.cap, 'a duration');
  // NaN stands for a value whose problem is recorded already: it compares false and throwIfAny ends its life.
  const base = check.durationMs('base', options.base, 'ms') ?? NaN;
  const cap = check.durationMs('cap', options.cap, 'ms') ?? NaN;
  if (cap < base) check.problem('cap', `at least base (${base} ms)`, options.cap);
  const { factor = 2 } = options;
  if (!Number.isFinite(factor) || factor < 1) check.problem('factor', 'a number of at least 1', factor);
  const jitter = check.oneOf('jitter', options.jitter, ['full', 'equal', 'none']) ?? 'full';
  check.throwIfAny();

  const fixedShare = { full: 0, equal: 0.5, none: 1 }[jitter];
  return (attempt, random) => {
    const delay = Math.min(cap, base * factor ** Math.max(0, attempt - 1));
    return delay * (fixedShare + (1 - fixedShare) * random);
  };
}
