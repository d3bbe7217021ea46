import { getRedisClient, initializeRedis } from '@mobius1/cache/standalone';

/** Sets up the Redis of this test run as a program would, under the prefix that the spec chose. */
export function initialize() {
  return initializeRedis({
    host: process.env.REDIS_HOST || 'localhost',
    port: parseInt(process.env.REDIS_PORT || '6379', 10),
    password: process.env.REDIS_PASSWORD,
    db: 0,
    keyPrefix: process.env.REDIS_KEY_PREFIX || 'mobius1:',
    // A machine that is busy with other tests must not look like an outage.
    commandTimeout: 10_000,
  });
}

export async function connect(): Promise<void> {
  initialize();
  await getRedisClient().connect();
}
