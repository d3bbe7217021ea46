/** A timer that has been started and can be called off. */
export interface Timer {
  /** Calls the timer off; does nothing once it has fired or was cancelled before. */
  cancel(): void;
}

/**
 * The only source of time and chance: whatever waits, expires or rolls dice is given one, so that a test can own it.
 */
export interface Clock {
  /** Wall time in milliseconds since 1970; may jump in both directions when the machine is corrected. */
  now(): number;
  /** Milliseconds since an arbitrary start; never goes back. Measure every span with this one. */
  monotonic(): number;
  /** A number in [0, 1). */
  random(): number;
  /** Runs `fn` after `ms` milliseconds, unless the returned timer is cancelled first. */
  schedule(fn: () => void, ms: number): Timer;
  /** Resolves after `ms` milliseconds, or early and without an error when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** `setTimeout` keeps its delay in a signed 32-bit number and fires at once when it is larger (Node.js "timers"). */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

function startTimer(fn: () => void, ms: number, hold: 'keeps the process alive' | 'lets the process end'): Timer {
  let handle: NodeJS.Timeout;
  const arm = (left: number): void => {
    handle =
      left > LONGEST_TIMEOUT_MS
        ? setTimeout(() => arm(left - LONGEST_TIMEOUT_MS), LONGEST_TIMEOUT_MS)
        : setTimeout(fn, left);
    if (hold === 'lets the process end') handle.unref();
  };
  arm(ms);
  return { cancel: () => clearTimeout(handle) };
}

/** The sleep of every clock, over whatever timer that clock starts. */
export function interruptibleSleep(start: (wake: () => void) => Timer, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = start(wake);
    signal?.addEventListener('abort', wake);
  });
}

/**
 * The clock of the machine.
 *
 * Timers of `schedule` are housekeeping and let the process end; `sleep` is work that somebody awaits and does not.
 * Delays beyond the 24.8 days of `setTimeout` are honoured.
 */
export const systemClock: Clock = Object.freeze({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  schedule: (fn: () => void, ms: number) => startTimer(fn, ms, 'lets the process end'),
  sleep: (ms: number, signal?: AbortSignal) =>
    interruptibleSleep((wake) => startTimer(wake, ms, 'keeps the process alive'), signal),
});
