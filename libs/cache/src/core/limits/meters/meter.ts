import type { LimitRule } from '../limit-store.js';

/** Units that are taken back. */
export interface Removal {
  readonly units: number;
  /** When they were charged. */
  readonly at: number;
  readonly now: number;
}

/**
 * The units of one limit of one identity in this process. Times are milliseconds that never go back. A meter counts; what fits is
 * judged by who asks.
 */
export interface Meter {
  /** Units in use; forgets those whose time is over. */
  used(rule: LimitRule, now: number): number;
  /** Milliseconds until no more than `room` units are in use. */
  untilUsed(rule: LimitRule, room: number, now: number): number;
  /** Charges units, whether they fit or not. */
  add(rule: LimitRule, units: number, now: number): void;
  /** Takes units back, as far as they are still in use. */
  remove(rule: LimitRule, removal: Removal): void;
}
