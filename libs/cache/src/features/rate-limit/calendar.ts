import { DateTime, IANAZone } from 'luxon';
import type { CalendarWindow } from '../../core/limits/limit-store.js';

export type CalendarUnit = 'hour' | 'day' | 'month';

/** Whether the runtime knows a time zone by this name. */
export const isTimeZone = (name: string): boolean => IANAZone.isValidZone(name);

/** The window in which a moment lies, by the clocks and calendars of a time zone: a day may have 23 or 25 hours. */
export function calendarOf(unit: CalendarUnit, timeZone: string): (nowMs: number) => CalendarWindow {
  let current: CalendarWindow = { startMs: 0, endMs: 0 };
  return (nowMs) => {
    if (nowMs < current.startMs || nowMs >= current.endMs) {
      const start = DateTime.fromMillis(nowMs, { zone: timeZone }).startOf(unit);
      // The hour that clocks repeat in autumn has two beginnings of one name; the end is the next beginning after now.
      const end = start.plus({ [unit]: 1 }).startOf(unit);
      current = { startMs: start.toMillis(), endMs: end.toMillis() };
    }
    return current;
  };
}
