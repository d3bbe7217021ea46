import { FakeClock } from '@mobius1/kernel';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';

/** Rate limits in memory whose time stands still until the test moves it. */
export function createLimits(options: CacheOptions = {}, seed = 1) {
  const clock = new FakeClock(undefined, seed);
  const cache = new CacheInstance(options, clock);
  return { cache, clock, limits: cache.limits };
}
