import { setImmediate } from 'node:timers/promises';
import { type Clock, interruptibleSleep, type Timer } from './clock.js';

interface Pending {
  readonly due: number;
  readonly fn: () => void;
}

/** 2025-01-01T00:00:00Z: any fixed day will do, as long as no test depends on today. */
const DEFAULT_START = Date.UTC(2025, 0, 1);

/** A settled promise may start an immediate, which may settle another promise: three turns cover such a chain. */
const TURNS_TO_SETTLE = 3;

/**
 * A clock that moves only when a test says so.
 *
 * @example
 * const clock = new FakeClock();
 * const nap = clock.sleep(60_000);
 * await clock.advance(60_000);
 * await nap;
 */
export class FakeClock implements Clock {
  readonly #pending = new Set<Pending>();
  #monotonic = 0;
  #wallOffset: number;
  #seed: number;

  /**
   * @param start wall time in milliseconds since 1970. @default 2025-01-01T00:00:00Z
   * @param seed of `random`. @default 1
   */
  constructor(start: number = DEFAULT_START, seed = 1) {
    this.#wallOffset = start;
    this.#seed = seed;
  }

  /** Wall time in milliseconds since 1970. */
  now(): number {
    return this.#wallOffset + this.#monotonic;
  }

  /** Milliseconds that were advanced since the clock was made. */
  monotonic(): number {
    return this.#monotonic;
  }

  /** The same sequence for the same seed (Mulberry32 by Tommy Ettinger, public domain). */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), this.#seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Runs `fn` when the clock has been advanced by `ms` milliseconds. */
  schedule(fn: () => void, ms: number): Timer {
    const timer: Pending = { due: this.#monotonic + Math.max(0, ms), fn };
    this.#pending.add(timer);
    return { cancel: () => void this.#pending.delete(timer) };
  }

  /** Resolves when the clock has been advanced by `ms` milliseconds, or when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return interruptibleSleep((wake) => this.schedule(wake, ms), signal);
  }

  /** How many timers wait; zero proves that the code under test cleaned up. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Sets the wall clock to `ms` since 1970, as a correction of the machine's time would; timers do not notice. */
  setWall(ms: number): void {
    this.#wallOffset = ms - this.#monotonic;
  }

  /**
   * Moves time forward by `ms` milliseconds: runs the timers that fall due, in order, and lets promises settle
   * before, between and after them.
   *
   * @throws RangeError when `ms` is negative or not finite; whatever a timer throws.
   */
  async advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`FakeClock can only move forward, got ${ms} ms`);
    const target = this.#monotonic + ms;
    await settle();
    for (let next = this.#nextUntil(target); next; next = this.#nextUntil(target)) {
      this.#pending.delete(next);
      this.#monotonic = Math.max(this.#monotonic, next.due);
      next.fn();
      await settle();
    }
    this.#monotonic = Math.max(this.#monotonic, target);
  }

  #nextUntil(target: number): Pending | undefined {
    let next: Pending | undefined;
    // A Set keeps the order of insertion, so timers of the same instant run in the order they were started.
    for (const timer of this.#pending) {
      if (timer.due <= target && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS_TO_SETTLE; turn++) await setImmediate();
}
