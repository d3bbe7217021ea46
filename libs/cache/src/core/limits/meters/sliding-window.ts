import { EXACT_UNITS, type LimitRule, LONGEST_LOG } from '../limit-store.js';
import type { Meter, Removal } from './meter.js';
import { RunLog } from './run-log.js';
import { Segments } from './segments.js';

/**
 * A window that moves with time. An empty one takes the layout that fits its limit; one in use keeps it when the limit changes, so that
 * nothing is forgotten, unless its log would become too long.
 */
export class SlidingWindow implements Meter {
  #meter: RunLog | Segments = new RunLog();

  used(rule: LimitRule, now: number): number {
    const used = this.#meter.used(rule, now);
    if (used === 0 && rule.limit > EXACT_UNITS !== this.#meter instanceof Segments)
      this.#meter = rule.limit > EXACT_UNITS ? new Segments() : new RunLog();
    return used;
  }

  untilUsed(rule: LimitRule, room: number, now: number): number {
    return this.#meter.untilUsed(rule, room, now);
  }

  add(rule: LimitRule, units: number, now: number): void {
    if (this.#meter instanceof RunLog && this.#meter.used(rule, now) + units > LONGEST_LOG) {
      const { runs } = this.#meter;
      this.#meter = new Segments();
      for (const { at, units: known } of runs) this.#meter.add(rule, known, at);
    }
    this.#meter.add(rule, units, now);
  }

  remove(rule: LimitRule, removal: Removal): void {
    this.#meter.remove(rule, removal);
  }
}
