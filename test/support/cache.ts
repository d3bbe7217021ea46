import { randomUUID } from 'node:crypto';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';

/**
 * Redis of this test run, under a prefix of its own. Patient: a machine that is busy with other tests must not look like
 * an outage. Tests of outages set their own time-outs.
 */
export function redisOptions(changes: RedisOptions = {}): RedisOptions {
  const url = process.env.TEST_REDIS_URL;
  if (url === undefined) throw new Error('TEST_REDIS_URL is not set: the global setup of Jest starts Redis');
  return { url, keyPrefix: `test-${randomUUID()}:`, commandTimeout: 10_000, ...changes };
}
