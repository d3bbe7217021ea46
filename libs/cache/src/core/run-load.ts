import type { Clock } from '@mobius1/kernel';
import type { Counts } from './stats.js';

/** Runs a load inside something of its own, a span for example; it must return what `load` returns. */
export type AroundLoad = <T>(load: () => T | Promise<T>) => T | Promise<T>;

/** What somebody who watches may put around the work of the engine. */
export interface Surroundings {
  load?: AroundLoad | undefined;
}

interface Watching {
  readonly counts: Counts;
  readonly clock: Clock;
  readonly around: Surroundings;
}

/** Runs a load, counted and timed; `ms` is how long it took. */
export async function runLoad(
  { counts, clock, around }: Watching,
  load: () => unknown,
): Promise<{ value: unknown; ms: number }> {
  const start = clock.monotonic();
  counts.loads++;
  try {
    const value: unknown = await (around.load === undefined ? load() : around.load(load));
    return { value, ms: clock.monotonic() - start };
  } catch (error) {
    counts.loadFailures++;
    throw error;
  }
}
