import { type LimitRule, SEGMENTS } from '../limit-store.js';
import type { Meter, Removal } from './meter.js';

const SLOTS = SEGMENTS + 1;

/**
 * A sliding window in 60 segments, for limits that are too high to know each unit. The segment that the window only touches counts in
 * full: a unit counts for at most a 60th longer than the window, and never shorter.
 */
export class Segments implements Meter {
  /** Units by segment number, modulo 61. */
  readonly #units = new Float64Array(SLOTS);
  #segment = 0;
  #total = 0;

  used(rule: LimitRule, now: number): number {
    const current = segmentOf(rule, now);
    const passed = Math.min(current - this.#segment, SLOTS);
    for (let i = 0; i < passed; i++) {
      const slot = (current - i) % SLOTS;
      this.#total -= this.#units[slot] ?? 0;
      this.#units[slot] = 0;
    }
    this.#segment = Math.max(this.#segment, current);
    return this.#total;
  }

  untilUsed(rule: LimitRule, room: number, now: number): number {
    let left = this.#total;
    for (let segment = this.#segment - SEGMENTS; segment <= this.#segment; segment++) {
      if (left <= room) return 0;
      left -= this.#units[(segment + SLOTS) % SLOTS] ?? 0;
      if (left <= room) return endOf(rule, segment) - now;
    }
    return 0;
  }

  add(rule: LimitRule, units: number, now: number): void {
    this.used(rule, now);
    this.#count(this.#segment, units);
  }

  remove(rule: LimitRule, { units, at, now }: Removal): void {
    this.used(rule, now);
    const segment = segmentOf(rule, at);
    if (segment < this.#segment - SEGMENTS) return;
    this.#count(segment, -Math.min(units, this.#units[segment % SLOTS] ?? 0));
  }

  #count(segment: number, units: number): void {
    this.#units[segment % SLOTS] = (this.#units[segment % SLOTS] ?? 0) + units;
    this.#total += units;
  }
}

const segmentOf = ({ windowMs }: LimitRule, at: number): number => Math.floor((at * SEGMENTS) / windowMs);

/** When the units of a segment are over: one window after its last moment. */
const endOf = ({ windowMs }: LimitRule, segment: number): number => ((segment + SLOTS) * windowMs) / SEGMENTS;
