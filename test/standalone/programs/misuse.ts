// Every mistake of a beginner gets an answer that says what to do.
import { cacheManager, closeCache, getCache, getRedisClient, initializeRedis } from '@mobius1/cache/standalone';
import { say } from '../say.js';

const wrong = JSON.parse('{ "prot": 6379, "port": "many" }') as object;

async function attempt(what: string, act: () => unknown): Promise<void> {
  try {
    await act();
    say(what, { code: 'none' });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    say(what, { code, message });
  }
}

async function main() {
  await attempt('Redis before it is set up', () => getRedisClient());
  await attempt('wrong options', () => initializeRedis(wrong));
  await attempt('set up after wrong options', () => initializeRedis());
  await attempt('set up twice', () => initializeRedis());
  await closeCache();

  await attempt('an empty key', () => cacheManager.set('', 1));
  await attempt('a negative ttl', () => cacheManager.set('k', 1, { ttl: -1 }));
  await attempt('a function as value', () => cacheManager.set('k', () => 1));
  await attempt('set up after the cache was used', () => initializeRedis());
  await closeCache();

  await attempt('turned off', async () => {
    const redis = initializeRedis({}, { enabled: false });
    await redis.connect();
    say('off', { store: getCache().store, same: redis === getRedisClient(), ping: await redis.ping() });
    say('loads', { value: await cacheManager.getOrSet('k', () => 'loaded') });
  });
  await closeCache();
  await closeCache(); // twice does no harm
}

void main();
