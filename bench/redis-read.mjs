// What does a hit or a miss on Redis cost against GET + JSON.parse, and GET + SET, by hand?
import { Redis } from 'ioredis';
import { compare } from './harness.mjs';

const KEYS = 1_000;
const VALUE = {
  id: 1,
  name: 'x'.repeat(60),
  rows: Array.from({ length: 10 }, (_, i) => ({ i, text: 'y'.repeat(60) })),
};
const load = () => VALUE;

export async function redisRead({ CacheInstance, url, prefix }) {
  const redis = new Redis(url);
  const instance = new CacheInstance({ redis: { url, keyPrefix: prefix, commandTimeout: 5_000 }, l1: false });
  await instance.connect();
  const cache = instance.manager;
  const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);
  const ttl = { ttl: 3600 };
  const tagged = { ttl: 3600, tags: ['a', 'b'] };
  for (const key of keys) {
    await redis.set(`${prefix}plain:${key}`, JSON.stringify(VALUE));
    await cache.set(key, VALUE, ttl);
    await cache.set(`tagged:${key}`, VALUE, tagged);
  }
  let fresh = 0;
  const getOrSetByHand = async () => {
    const key = `${prefix}miss:${fresh++}`;
    if ((await redis.get(key)) === null) await redis.set(key, JSON.stringify(load()), 'PX', 60_000);
  };
  const tables = [];
  for (const concurrency of [64, 256]) {
    const hits = [
      { name: 'GET + JSON.parse', call: async (i) => JSON.parse(await redis.get(`${prefix}plain:${keys[i % KEYS]}`)) },
      { name: 'getOrSet', goal: 1.15, call: (i) => cache.getOrSet(keys[i % KEYS], load, ttl) },
      { name: 'getOrSet with two tags', call: (i) => cache.getOrSet(`tagged:${keys[i % KEYS]}`, load, tagged) },
    ];
    tables.push(await compare('Hit on Redis, 1 KB', hits, { operations: 20_000, concurrency }));
    const misses = [
      { name: 'GET + SET', call: getOrSetByHand },
      { name: 'getOrSet', goal: 1.5, call: () => cache.getOrSet(`miss:${fresh++}`, load, { ttl: 60 }) },
    ];
    tables.push(await compare('Miss on Redis, 1 KB', misses, { operations: 10_000, concurrency }));
  }
  await instance.close();
  await redis.quit();
  return tables;
}
