// What does a hit or a miss on Redis cost against GET + JSON.parse, and GET + SET, by hand?
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { compare } from './harness.mjs';

export async function redisRead({ CacheInstance, url }) {
  const prefix = `bench-${randomUUID()}:`;
  const redis = new Redis(url);
  const instance = new CacheInstance({ redis: { url, keyPrefix: prefix, commandTimeout: 5_000 } });
  await instance.connect();
  const cache = instance.manager;
  const value = {
    id: 1,
    name: 'x'.repeat(60),
    rows: Array.from({ length: 10 }, (_, i) => ({ i, text: 'y'.repeat(60) })),
  };
  const keys = Array.from({ length: 1_000 }, (_, i) => `user:${i}`);
  for (const key of keys) {
    await redis.set(`${prefix}plain:${key}`, JSON.stringify(value));
    await cache.set(key, value, { ttl: 3600 });
    await cache.set(`tagged:${key}`, value, { ttl: 3600, tags: ['a', 'b'] });
  }
  const load = () => value;
  const tagged = { ttl: 3600, tags: ['a', 'b'] };
  const ttl = { ttl: 3600 };
  let fresh = 0;
  for (const concurrency of [64, 256]) {
    await compare(
      'hit on Redis, 1 KB',
      [
        {
          name: 'GET + JSON.parse',
          call: async (i) => JSON.parse(await redis.get(`${prefix}plain:${keys[i % 1000]}`)),
        },
        { name: 'getOrSet', limit: 1.15, call: (i) => cache.getOrSet(keys[i % 1000], load, ttl) },
        {
          name: 'getOrSet, two tags',
          limit: 1.4,
          call: (i) => cache.getOrSet(`tagged:${keys[i % 1000]}`, load, tagged),
        },
      ],
      { operations: 20_000, concurrency },
    );
    await compare(
      'miss on Redis, 1 KB',
      [
        {
          name: 'GET + SET',
          call: async () => {
            const key = `${prefix}miss:${fresh++}`;
            if ((await redis.get(key)) === null) await redis.set(key, JSON.stringify(load()), 'PX', 60_000);
          },
        },
        { name: 'getOrSet', limit: 1.5, call: () => cache.getOrSet(`miss:${fresh++}`, load, { ttl: 60 }) },
      ],
      { operations: 10_000, concurrency },
    );
  }
  await cache.clear();
  const left = await redis.keys(`${prefix}*`);
  if (left.length > 0) await redis.del(...left);
  await instance.close();
  await redis.quit();
}
