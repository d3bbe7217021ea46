import type { LimitRule } from '../limit-store.js';

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
  /** Takes back units that were charged at `at`, as far as they are still in use. */
  remove(rule: LimitRule, units: number, at: number, now: number): void;
}
