import type { LimitRule } from '../limit-store.js';
import type { Meter, Removal } from './meter.js';

/** A counter that begins anew when its window ends: one that began with its first unit, or one of the calendar. */
export class CountedWindow implements Meter {
  #start = 0;
  #end = 0;
  #count = 0;

  used(rule: LimitRule, now: number): number {
    if (now < this.#end) return this.#count;
    this.#count = 0;
    const { startMs, endMs } =
      rule.kind === 'calendar' ? rule.calendar(now) : { startMs: now, endMs: now + rule.windowMs };
    this.#start = startMs;
    this.#end = endMs;
    return 0;
  }

  untilUsed(_rule: LimitRule, room: number, now: number): number {
    return this.#count <= room ? 0 : this.#end - now;
  }

  add(rule: LimitRule, units: number, now: number): void {
    // A window of its own begins with its first unit, not with the first look.
    if (this.#count === 0 && rule.kind === 'fixed') this.#end = 0;
    this.used(rule, now);
    this.#count += units;
  }

  remove(rule: LimitRule, { units, at, now }: Removal): void {
    this.used(rule, now);
    if (at >= this.#start) this.#count = Math.max(0, this.#count - units);
  }
}
