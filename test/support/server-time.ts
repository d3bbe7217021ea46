import { setTimeout as wait } from 'node:timers/promises';

/** Resolves when this many milliseconds have passed on the clock of a server, which no test can turn. */
export async function serverTime(now: () => number, ms: number): Promise<void> {
  const until = now() + ms + 2; // both looks are rounded
  while (now() < until) await wait(until - now());
}
