import { type Clock } from './clock.js';

/** A point in time after which nobody waits for the answer any more; hand it down instead of a time-out per call. */
export class Deadline {
  static readonly #never = new Deadline(Infinity, { monotonic: () => 0 });

  readonly #at: number;
  readonly #clock: Pick<Clock, 'monotonic'>;

  private constructor(at: number, clock: Pick<Clock, 'monotonic'>) {
    this.#at = at;
    this.#clock = clock;
  }

  /** The deadline `ms` milliseconds from now; it has passed at once when `ms` is zero or less. */
  static after(ms: number, clock: Pick<Clock, 'monotonic'>): Deadline {
    return new Deadline(clock.monotonic() + ms, clock);
  }

  /** The deadline that does not come. */
  static never(): Deadline {
    return Deadline.#never;
  }

  /** Milliseconds that are left: 0 when it has passed, `Infinity` when it never comes. */
  remaining(): number {
    return Math.max(0, this.#at - this.#clock.monotonic());
  }

  /** Whether no time is left. */
  get expired(): boolean {
    return this.remaining() === 0;
  }
}

/**
 * Settles like `promise`, or rejects with the error of `onTimeout` after `ms` milliseconds, whichever is first.
 *
 * The work behind `promise` is not stopped. Its timer never outlives it, and when it rejects too late for anyone to
 * care, the rejection is not reported as unhandled.
 *
 * @param ms milliseconds; `Infinity` waits forever.
 * @param onTimeout builds the error; called only when time is up.
 */
export function withDeadline<T>(promise: Promise<T>, ms: number, onTimeout: () => Error, clock: Clock): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let settled = false;
    const timer = clock.schedule(() => {
      // After a blocked event loop the timer runs before the sockets are read. One turn later they have been: a reply
      // that came in time but found nobody at home still wins, and the peer is not blamed for our own pause.
      setImmediate(() => {
        // The inner promise turns an error thrown by onTimeout into a rejection; here it would end the process.
        if (!settled) resolve(new Promise((_, fail) => fail(onTimeout())));
      });
    }, ms);
    promise.then(
      (value) => {
        settled = true;
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        settled = true;
        timer.cancel();
        reject(error);
      },
    );
  });
}
