import type { LimitRule } from '../limit-store.js';
import type { Meter, Removal } from './meter.js';

/**
 * A token bucket, seen from its other side: the level of a leaky bucket that was poured in and runs out at `limit` units a window
 * (ITU-T I.371 shows that this, GCRA and the token bucket are the same). A level in units stays right when the limit changes.
 */
export class Bucket implements Meter {
  #level = 0;
  #at = 0;

  used(rule: LimitRule, now: number): number {
    this.#level = Math.max(0, this.#level - leaked(rule, now - this.#at));
    this.#at = now;
    return this.#level;
  }

  untilUsed({ limit, windowMs }: LimitRule, room: number): number {
    return Math.max(0, ((this.#level - room) * windowMs) / limit);
  }

  add(rule: LimitRule, units: number, now: number): void {
    this.#level = this.used(rule, now) + units;
  }

  /** What has run out since cannot be taken back: the bucket might have been empty by then. */
  remove(rule: LimitRule, { units, at, now }: Removal): void {
    const left = Math.max(0, units - leaked(rule, now - at));
    this.#level = Math.max(0, this.used(rule, now) - left);
  }
}

const leaked = ({ limit, windowMs }: LimitRule, ms: number): number => (ms * limit) / windowMs;
