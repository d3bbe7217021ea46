import type { LimitRule } from '../limit-store.js';
import type { Meter, Removal } from './meter.js';

interface Run {
  readonly at: number;
  units: number;
}

// Forgotten runs at the front of the list are dropped when there are this many, and more of them than of the others.
const DROP_AT = 64;

/** A sliding window that knows when each unit was charged; units of one instant are one run. */
export class RunLog implements Meter {
  #runs: Run[] = [];
  #oldest = 0;
  #total = 0;

  /** The runs that are still in use, oldest first. */
  get runs(): readonly Readonly<Run>[] {
    return this.#runs.slice(this.#oldest);
  }

  used({ windowMs }: LimitRule, now: number): number {
    for (let run = this.#first; run !== undefined && run.at + windowMs <= now; run = this.#first) {
      this.#total -= run.units;
      this.#oldest++;
    }
    if (this.#oldest >= DROP_AT && this.#oldest * 2 > this.#runs.length) {
      this.#runs = this.#runs.slice(this.#oldest);
      this.#oldest = 0;
    }
    return this.#total;
  }

  untilUsed({ windowMs }: LimitRule, room: number, now: number): number {
    let left = this.#total;
    for (let i = this.#oldest; left > room; i++) {
      const run = this.#runs[i];
      if (run === undefined) break;
      left -= run.units;
      if (left <= room) return run.at + windowMs - now;
    }
    return 0;
  }

  add(_rule: LimitRule, units: number, now: number): void {
    if (units === 0) return;
    const last = this.#runs.at(-1);
    if (last?.at === now && this.#oldest < this.#runs.length) last.units += units;
    else this.#runs.push({ at: now, units });
    this.#total += units;
  }

  /**
   * Takes them from the oldest: what remains is then at least as young as what was charged in truth, so no window can hold more than
   * its limit. Nothing comes back of units whose time is over.
   */
  remove(rule: LimitRule, { units, at, now }: Removal): void {
    this.used(rule, now);
    let left = at + rule.windowMs <= now ? 0 : units;
    for (let run = this.#first; run !== undefined && left > 0; run = this.#first) {
      const taken = Math.min(left, run.units);
      run.units -= taken;
      this.#total -= taken;
      left -= taken;
      if (run.units === 0) this.#oldest++;
    }
  }

  get #first(): Run | undefined {
    return this.#runs[this.#oldest];
  }
}
