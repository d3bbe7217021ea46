import { type Clock, exponentialBackoff } from '@mobius1/kernel';

/** Watches one key for somebody who waits for another's load. */
export interface Watch {
  /** Resolves when the key may have changed since the last call, at the latest after `ms`. */
  next(ms: number): Promise<void>;
  end(): void;
}

// How soon a waiter looks again for a load of another process: first about as often as a round trip, at last 20 a second.
const lookAgain = exponentialBackoff({ base: 4, cap: 50, factor: 2, jitter: 'equal' });

/** Where nobody tells what changes: looks again, less and less often. */
export class PollingWatch implements Watch {
  readonly #clock: Clock;
  #attempt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(ms: number): Promise<void> {
    return this.#clock.sleep(Math.min(ms, lookAgain(++this.#attempt, this.#clock.random())));
  }

  end(): void {
    // Nothing is held.
  }
}
