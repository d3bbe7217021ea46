/**
 * How one meter counts, in Lua without functions: statements that are set into the scripts and work on the locals of an item (`ITEM` in limit-lua.ts).
 * A closure or a table for each step of each decision would cost more than all commands of it.
 */
export interface MeterLua {
  /** Finds out what is used by `now`. Changes nothing but what is needed when the server's clock was set back. Has: `state`, `layout`. */
  readonly look: string;
  /** Charges `units`, and writes. */
  readonly add: string;
  /** Sets `wait`: microseconds until no more than `room` is used. */
  readonly wait: string;
  /** Sets `full`: microseconds until nothing is used. */
  readonly full: string;
  /** Takes back `units` that were charged at `since`, as far as they are in use, and writes. */
  readonly remove: string;
}

/** What is read of a state: its last bytes, or all if it is shorter. */
export const TRAILER = 48;

/** A time to live: milliseconds, rounded up, and one more. */
export const px = (us: string): string => `ceil((${us}) / 1000) + 1`;

/** Sets the clock of a key, which never goes back, after its last time and its offset were read; and `at` which byte that offset stands. */
export const tick = (at: string): string => `
now = wall + offset
if now < last then
  now, offset = last, last - wall
  call('SETRANGE', key, ${at}, pack('<d', offset))
end`;
