import type { Clock } from '@mobius1/kernel';

/** Why a command is given up: its time is over, or its connection is. */
export type GivenUp = 'silence' | 'closed';

interface Watched {
  readonly until: number;
  /** Absent once answered or given up. */
  giveUp: ((why: GivenUp) => void) | undefined;
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

  /** Calls `giveUp` after `ms` milliseconds unless `answered` is called with what this returns before. */
  begin(giveUp: (why: GivenUp) => void): Watched {
    const watched = { until: this.#clock.monotonic() + this.ms, giveUp };
    this.#queue.push(watched);
    if (!this.#armed) this.#arm(this.ms);
    return watched;
  }

  /** True when the reply came in time. */
  answered(watched: Watched): boolean {
    const inTime = watched.giveUp !== undefined;
    watched.giveUp = undefined;
    this.#drop();
    return inTime;
  }

  /** Gives up all that are open: nobody will answer them any more. */
  abandon(): void {
    this.#end('closed', () => true);
  }

  #end(why: GivenUp, whom: (watched: Watched) => boolean): void {
    for (const watched of this.#queue.slice(this.#oldest).filter(whom)) {
      const { giveUp } = watched;
      if (this.answered(watched)) giveUp?.(why);
    }
  }

  #drop(): void {
    while (this.#queue[this.#oldest]?.giveUp === undefined && this.#oldest < this.#queue.length) this.#oldest++;
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
    this.#end('silence', ({ until }) => until <= now);
    this.#armed = false;
    const oldest = this.#queue[this.#oldest];
    if (oldest !== undefined) this.#arm(oldest.until - now);
  }
}
