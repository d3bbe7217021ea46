import type { Channel } from '@mobius1/kernel';
import type { CacheEvents } from './events.js';
import type { Counts } from './stats.js';

/** Where it is counted and told what happens. */
interface Sinks {
  readonly counts: Counts;
  readonly events: Channel<CacheEvents>;
}

interface Named {
  readonly key: string;
  readonly namespace: string | undefined;
}

/** What stood under a key was not ours, or damaged. */
export function tellForeign({ counts, events }: Sinks, { key, namespace }: Named): void {
  counts.foreign++;
  events.emit('foreign', () => ({ key, namespace }));
}

/** A value was not stored because of what it is. */
export function tellUncacheable({ counts, events }: Sinks, { key, namespace }: Named, reason: string): void {
  counts.uncacheable++;
  events.emit('uncacheable', () => ({ key, namespace, reason }));
}

/** A load ended. */
export function tellLoad({ events }: Sinks, { key, namespace }: Named, ms: number, stored: boolean): void {
  events.emit('load', () => ({ key, namespace, ms, stored }));
}

/** A fill came back. `undefined`: the store did not answer, which is counted as its failure. */
export function countFill({ counts }: Sinks, stored: boolean | undefined): void {
  if (stored !== undefined) counts[stored ? 'fills' : 'fenced']++;
}
