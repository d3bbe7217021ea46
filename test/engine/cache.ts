import { FakeClock } from '@mobius1/kernel';
import type { CacheEvents } from '../../libs/cache/src/core/events.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';

export type EventName = keyof CacheEvents;
const EVENTS: readonly EventName[] = [
  ...(['read', 'load', 'uncacheable', 'refreshFailed', 'foreign'] as const),
  ...(['invalidated', 'unavailable', 'available'] as const),
];

/** A cache in memory whose time stands still until the test moves it. */
export function createCache(options: CacheOptions = {}, seed = 1) {
  const clock = new FakeClock(undefined, seed);
  const cache = new CacheInstance(options, clock);
  const events: { name: EventName; event: CacheEvents[EventName] }[] = [];
  for (const name of EVENTS) cache.events.on(name, (event) => void events.push({ name, event }));
  /** What was told under a name, in order. */
  const told = <Name extends EventName>(name: Name): CacheEvents[Name][] =>
    events.filter((one) => one.name === name).map(({ event }) => event as CacheEvents[Name]);
  return { cache, clock, manager: cache.manager, told };
}

/** A load that counts its calls and is held until the test lets it go on or fail. */
export function heldLoad<T>(value: T) {
  let open!: (value: T) => void;
  let fail!: (error: Error) => void;
  const gate = new Promise<T>((resolve, reject) => ((open = resolve), (fail = reject)));
  const load = jest.fn(() => gate);
  return { load, open: () => open(value), fail };
}

/** A load that takes `ms` on the clock of the test. */
export const slowLoad = <T>(clock: FakeClock, ms: number, value: T) =>
  jest.fn(async () => {
    await clock.sleep(ms);
    return value;
  });

/** What a promise did so far, without waiting for it. */
export async function stateOf(promise: Promise<unknown>, clock: FakeClock): Promise<unknown> {
  let state: unknown = 'waits';
  promise.then(
    (value) => (state = value),
    (error: unknown) => (state = error),
  );
  await clock.advance(0);
  return state;
}
