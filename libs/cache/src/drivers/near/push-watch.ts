import type { Clock, Timer } from '@mobius1/kernel';
import type { Watch } from '../../core/watch.js';

// A net under the push, not the mechanism: a message that never comes costs a waiter this much, give or take half.
const NET_MS = 400;

/** Wakes those who wait for a key when this process hears of the key (protocol rule 11). */
export class PushWatches {
  readonly #clock: Clock;
  readonly #byId = new Map<string, Set<PushWatch>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  watch(id: string): Watch {
    const watch = new PushWatch(this.#clock, () => {
      const watches = this.#byId.get(id);
      watches?.delete(watch);
      if (watches?.size === 0) this.#byId.delete(id);
    });
    const watches = this.#byId.get(id) ?? new Set();
    this.#byId.set(id, watches.add(watch));
    return watch;
  }

  wake(id: string): void {
    for (const watch of this.#byId.get(id) ?? []) watch.wake();
  }

  wakeAll(): void {
    for (const id of this.#byId.keys()) this.wake(id);
  }
}

class PushWatch implements Watch {
  readonly #clock: Clock;
  readonly end: () => void;
  /** True from the start: what was seen before the watch began may have changed already. */
  #changed = true;
  #resume: (() => void) | undefined;

  constructor(clock: Clock, end: () => void) {
    this.#clock = clock;
    this.end = end;
  }

  next(ms: number): Promise<void> {
    if (this.#changed) {
      this.#changed = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const timer: Timer = this.#clock.schedule(() => this.wake(), Math.min(ms, NET_MS * (0.5 + this.#clock.random())));
      this.#resume = () => {
        timer.cancel();
        this.#changed = false;
        resolve();
      };
    });
  }

  wake(): void {
    this.#changed = true;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }
}
