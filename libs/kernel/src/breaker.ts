import { type Backoff, exponentialBackoff } from './backoff.js';
import { type Clock } from './clock.js';
import { OptionCheck } from './option-check.js';

/*
 * Circuit breaker, after Michael T. Nygard, "Release It!" (2nd ed. 2018, chapter 5).
 *
 * Guarantee: while a dependency is down, calls to it cost one comparison instead of one time-out each, and it is asked
 * by one caller at a time until it answers.
 *
 *   closed ── failureThreshold failures in a row ──▶ open ── open time over, next tryAcquire ──▶ half-open
 *     ▲                                               ▲                                            │
 *     │                                               └──────────── the probe failed ──────────────┤
 *     └───────────────────────────────────── the probe succeeded ──────────────────────────────────┘
 *
 * Invariants: no timer, so an idle breaker costs nothing and keeps no process alive; the state changes only inside the
 * three calls of the caller. Open time doubles with each failed probe and half of it is left to chance, so that many
 * processes do not knock on a recovering server together. Results that arrive while open belong to calls from before
 * and say nothing of now: they are ignored. A probe that never reports back is given up after another open time.
 *
 * Limit: a result carries no name, so an old call that ends while half-open is taken for the probe. Rejected: a token
 * per call, which every caller would have to carry to avoid at most one open time too many or one burst of calls.
 * Rejected: a failure rate over a window, which needs traffic to be meaningful; a cache's backend fails as a whole.
 */

/** Whether calls pass (`closed`), are refused (`open`), or one of them is testing the water (`half-open`). */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Options of {@link CircuitBreaker}. */
export interface CircuitBreakerOptions {
  /** Failures in a row that open it. @default 5 */
  readonly failureThreshold?: number;
  /** Milliseconds that it stays open the first time, before jitter. @default 1000 */
  readonly openMs?: number;
  /** Most milliseconds that it stays open; at least `openMs`. @default 10000 */
  readonly maxOpenMs?: number;
  /** Where time and jitter come from. */
  readonly clock: Pick<Clock, 'monotonic' | 'random'>;
  /** Told of every change, after it has happened; must not throw. */
  readonly onTransition?: (from: BreakerState, to: BreakerState) => void;
}

/**
 * Five failures in a row are no coincidence; a second is enough for a server to restart; ten seconds bound how long a
 * recovered server goes unnoticed.
 */
const DEFAULTS = Object.freeze({ failureThreshold: 5, openMs: 1_000, maxOpenMs: 10_000 });

/**
 * Stops calling what keeps failing, and finds out with single probes when it is back.
 *
 * @example
 * if (!breaker.tryAcquire()) return fallback();
 * try {
 *   const reply = await call();
 *   breaker.success();
 *   return reply;
 * } catch (error) {
 *   breaker.failure();
 *   throw error;
 * }
 */
export class CircuitBreaker {
  readonly #clock: Pick<Clock, 'monotonic' | 'random'>;
  readonly #failureThreshold: number;
  readonly #openTime: Backoff;
  readonly #onTransition: (from: BreakerState, to: BreakerState) => void;
  #state: BreakerState = 'closed';
  #failuresInRow = 0;
  #openings = 0;
  /** While open: when a probe may start. While half-open: when the probe is given up. */
  #nextProbeAt = 0;

  /** @throws InvalidOptionsError */
  constructor(options: CircuitBreakerOptions) {
    const check = new OptionCheck('CircuitBreaker');
    check.unknownKeys('', options, ['failureThreshold', 'openMs', 'maxOpenMs', 'clock', 'onTransition']);
    check.required('clock', options.clock, 'a Clock');
    const threshold = check.positiveInteger('failureThreshold', options.failureThreshold);
    const openMs = check.durationMs('openMs', options.openMs, 'ms') ?? DEFAULTS.openMs;
    const maxOpenMs = check.durationMs('maxOpenMs', options.maxOpenMs, 'ms') ?? DEFAULTS.maxOpenMs;
    if (maxOpenMs < openMs) check.problem('maxOpenMs', `at least openMs (${openMs})`, maxOpenMs);
    const onTransition = check.function('onTransition', options.onTransition);
    check.throwIfAny();

    this.#clock = options.clock;
    this.#failureThreshold = threshold ?? DEFAULTS.failureThreshold;
    this.#openTime = exponentialBackoff({ base: openMs, cap: maxOpenMs, jitter: 'equal' });
    this.#onTransition = onTransition ?? (() => undefined);
  }

  /** The state now; an open breaker whose time is over stays `open` until somebody asks to pass. */
  get state(): BreakerState {
    return this.#state;
  }

  /** Whether the call may be made; if so, report how it ended with {@link success} or {@link failure}. */
  tryAcquire(): boolean {
    if (this.#state === 'closed') return true;
    if (this.#clock.monotonic() < this.#nextProbeAt) return false;
    this.#waitOneOpenTime();
    this.#become('half-open');
    return true;
  }

  /** Reports that a call succeeded: what was half-open closes, and counted failures are forgotten. */
  success(): void {
    if (this.#state !== 'open') this.reset();
  }

  /** Reports that a call failed: a failed probe opens it again, for longer. */
  failure(): void {
    if (this.#state === 'open') return;
    this.#failuresInRow += 1;
    if (this.#state === 'closed' && this.#failuresInRow < this.#failureThreshold) return;
    this.#openings += 1;
    this.#waitOneOpenTime();
    this.#become('open');
  }

  /** Closes it and forgets all failures, for example when the connection has been made anew. */
  reset(): void {
    this.#failuresInRow = 0;
    this.#openings = 0;
    this.#become('closed');
  }

  #waitOneOpenTime(): void {
    this.#nextProbeAt = this.#clock.monotonic() + this.#openTime(this.#openings, this.#clock.random());
  }

  #become(to: BreakerState): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
    this.#onTransition(from, to);
  }
}
