// Other rate limiters and this one behind one shape, on Redis: `{ name, hit(key) → boolean, close() }`; windows are in milliseconds.
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { versionOf } from './adapters.mjs';

const here = createRequire(import.meta.url);

async function mobius({ url, limit, windowMs, timeout }) {
  const { CacheInstance } = here('../../dist/libs/cache/src/instance/cache-instance.js');
  const instance = new CacheInstance({
    redis: { url, keyPrefix: `bench-${randomUUID()}:` },
    rateLimit: timeout === undefined ? {} : { timeout },
    l1: false,
  });
  await instance.connect();
  const policy = { limit, window: `${windowMs}ms` };
  return {
    name: 'Mobius cache',
    hit: async (key) => (await instance.limits.check(key, policy)).allowed,
    close: () => instance.close(),
  };
}

async function throttler({ url, limit, windowMs }) {
  const { default: Redis } = here('ioredis');
  const { ThrottlerStorageRedisService } = here('@nest-lab/throttler-storage-redis');
  const redis = new Redis(url);
  const storage = new ThrottlerStorageRedisService(redis);
  const prefix = randomUUID();
  return {
    name: `@nestjs/throttler's storage, ${versionOf('@nest-lab/throttler-storage-redis')}`,
    hit: async (key) => !(await storage.increment(prefix + key, windowMs, limit, windowMs, 'default')).isBlocked,
    close: () => redis.disconnect(),
  };
}

async function flexible({ url, limit, windowMs }) {
  const { default: Redis } = here('ioredis');
  const { RateLimiterRedis } = here('rate-limiter-flexible');
  const redis = new Redis(url);
  const limiter = new RateLimiterRedis({
    ...{ storeClient: redis, points: limit, duration: windowMs / 1_000, keyPrefix: randomUUID() },
  });
  const hit = async (key) => {
    try {
      await limiter.consume(key);
      return true;
    } catch (denied) {
      if (denied instanceof Error) throw denied;
      return false;
    }
  };
  return { name: versionOf('rate-limiter-flexible'), hit, close: () => redis.disconnect() };
}

/** Each opens a limiter of its own; without the peers this one alone. */
export const LIMITERS = { mobius, flexible, throttler };

export function limiters() {
  try {
    here.resolve('rate-limiter-flexible');
    return Object.keys(LIMITERS);
  } catch {
    return ['mobius'];
  }
}
