// Counts requests in a window with an atomic counter.
import { cacheManager, CacheKeys, closeCache, getRedisClient } from '@mobius1/cache/standalone';
import { connect } from '../connect.js';
import { say } from '../say.js';

async function checkRateLimit(
  userId: string,
  limit: number = 100,
  windowSeconds: number = 60,
): Promise<{ allowed: boolean; remaining: number }> {
  const key = CacheKeys.rateLimit(userId, `${windowSeconds}s`);

  const count = await cacheManager.increment(key, {
    ttl: windowSeconds,
  });

  return {
    allowed: count <= limit,
    remaining: Math.max(0, limit - count),
  };
}

async function main() {
  await connect();
  const checks = await Promise.all(Array.from({ length: 5 }, () => checkRateLimit('u1', 3)));
  say('checked', { allowed: checks.filter(({ allowed }) => allowed).length, last: await checkRateLimit('u1', 3) });
  say('another user', await checkRateLimit('u2'));

  const key = `${process.env.REDIS_KEY_PREFIX}${CacheKeys.rateLimit('u1', '60s')}`;
  const redis = getRedisClient().getClient();
  say('in Redis', { plain: await redis.get(key), seconds: await redis.ttl(key) });
  say('without options', { count: await cacheManager.increment('visits') });

  await cacheManager.clear();
  await closeCache();
}

void main();
