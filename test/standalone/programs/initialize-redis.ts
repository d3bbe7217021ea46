// Connects to Redis, asks it and closes the connection.
import { closeCache, getRedisClient, initializeRedis } from '@mobius1/cache/standalone';
import { say } from '../say.js';

async function main() {
  initializeRedis({
    host: process.env.REDIS_HOST || 'localhost',
    port: parseInt(process.env.REDIS_PORT || '6379', 10),
    password: process.env.REDIS_PASSWORD,
    db: 0,
    keyPrefix: 'mobius1:',
    maxRetriesPerRequest: 3,
    connectTimeout: 10000,
  });
  say('before', { status: getRedisClient().status });
  await getRedisClient().connect();
  const isHealthy = await getRedisClient().ping();
  const { redis_version: version } = await getRedisClient().info('server');
  say('connected', { status: getRedisClient().status, isHealthy, version });
  await closeCache();
  say('closed');
}

void main();
