import type { Clock } from '@mobius1/kernel';

interface Watched {
  readonly until: number;
  /** Absent once answered or given up. */
  onSilence: (() => void) | undefined;
}

// Answered commands at the front of the queue are dropped when there are this many of them.
const DROP_AT = 256;

/**
 * The deadlines of many commands that all get the same time: they end in the order in which they began, so one timer for
 * the oldest does for all of them. A timer for each would cost as much as the rest of a read.
 */
export class ReplyWatch {
  readonly ms: number;
  readonly #clock: Clock;
  readonly #queue: Watched[] = [];
  /** Where in the queue the oldest command stands that may still be open. */
  #oldest = 0;
  #armed = false;

  constructor(ms: number, clock: Clock) {
    this.ms = ms;
    this.#clock = clock;
  }

  /** Calls `onSilence` after `ms` milliseconds unless `answered` is called with what this returns before. */
  begin(onSilence: () => void): Watched {
    const watched = { until: this.#clock.monotonic() + this.ms, onSilence };
    this.#queue.push(watched);
    if (!this.#armed) this.#arm(this.ms);
    return watched;
  }

  /** True when the reply came in time. */
  answered(watched: Watched): boolean {
    const inTime = watched.onSilence !== undefined;
    watched.onSilence = undefined;
    this.#drop();
    return inTime;
  }

  #drop(): void {
    while (this.#queue[this.#oldest]?.onSilence === undefined && this.#oldest < this.#queue.length) this.#oldest++;
    if (this.#oldest < DROP_AT && this.#oldest < this.#queue.length) return;
    this.#queue.splice(0, this.#oldest);
    this.#oldest = 0;
  }

  #arm(ms: number): void {
    this.#armed = true;
    // After a blocked event loop timers run before the sockets are read. One turn later they have been: a reply that came
    // in time but found nobody at home still counts, and the server is not blamed for our own pause.
    this.#clock.schedule(() => setImmediate(() => this.#giveUp()), ms);
  }

  #giveUp(): void {
    const now = this.#clock.monotonic();
    const late = this.#queue.slice(this.#oldest).filter(({ until }) => until <= now);
    for (const watched of late) {
      const { onSilence } = watched;
      if (this.answered(watched)) onSilence?.();
    }
    this.#armed = false;
    const oldest = this.#queue[this.#oldest];
    if (oldest !== undefined) this.#arm(oldest.until - now);
  }
}
