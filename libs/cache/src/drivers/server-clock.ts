import type { Clock } from '@mobius1/kernel';

const COMPARE_EVERY_MS = 30_000; // clocks drift by about 1 ms in this time

/**
 * The server's clock, as far as this process knows it. Times of entries are compared on that clock only, taken from `TIME`
 * and carried on by this process's monotonic clock, so a wall clock that is wrong or jumps does no harm.
 */
export class ServerClock {
  readonly #clock: Clock;
  readonly #ask: () => Promise<unknown>;
  #offset: number | undefined;
  #comparedAt = -Infinity;

  /** `ask`: sends `TIME` and rejects when no answer comes in time. */
  constructor(ask: () => Promise<unknown>, clock: Clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** False before the first answer: until then the wall clock of this machine has to do. */
  get known(): boolean {
    return this.#offset !== undefined;
  }

  /** The last comparison was a while ago. */
  get due(): boolean {
    return this.#clock.monotonic() - this.#comparedAt > COMPARE_EVERY_MS;
  }

  /** Milliseconds on the server's clock. */
  now(): number {
    return this.#offset === undefined ? this.#clock.now() : this.#clock.monotonic() + this.#offset;
  }

  /** Compares the clocks; the milliseconds that the answer took, if there was one. Never rejects. */
  async compare(): Promise<number | undefined> {
    const start = (this.#comparedAt = this.#clock.monotonic());
    try {
      const [seconds, micros] = (await this.#ask()) as string[];
      const end = this.#clock.monotonic();
      this.#offset = Number(seconds) * 1000 + Number(micros) / 1000 - (start + end) / 2;
      return end - start;
    } catch {
      return undefined; // the estimate stays; the next connection or interval tries again
    }
  }
}
