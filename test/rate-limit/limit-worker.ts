// A process with rate limits: those of PREFIX in the Redis of the test.
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { RateLimitPolicy } from '../../libs/cache/src/features/rate-limit/limit-types.js';
import { serve } from '../support/program-main.js';

const { TEST_REDIS_URL: url = '', PREFIX: keyPrefix = '' } = process.env;
const cache = new CacheInstance({
  redis: { url, keyPrefix, commandTimeout: 10_000 },
  rateLimit: { timeout: 10_000, denyCacheEntries: 0 },
});
const connected = cache.connect();

serve({
  /** Checks `times` times, 20 at once; how many were allowed. */
  hit: async (key: string, policy: RateLimitPolicy, times: number) => {
    await connected;
    let passed = 0;
    let left = times;
    const hitter = async (): Promise<void> => {
      while (left-- > 0) if ((await cache.limits.check(key, policy)).allowed) passed++;
    };
    await Promise.all(Array.from({ length: 20 }, hitter));
    return passed;
  },
  /** Takes a slot for as long as this process lives. */
  acquire: async (key: string, policy: RateLimitPolicy) => {
    await connected;
    return (await cache.limits.acquire(key, policy)).allowed;
  },
});
