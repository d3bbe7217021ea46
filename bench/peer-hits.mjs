// What do hits and misses cost, beside other caches? Everything takes turns in this process.
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Redis } from 'ioredis';
import { compare } from './harness.mjs';
import { ADAPTERS, contestants } from './peers/adapters.mjs';

const KEYS = 200;
const VALUES = {
  '100 bytes': { id: 1, name: 'x'.repeat(60) },
  '100 KB': Array.from({ length: 1_000 }, (_, i) => ({ id: i, name: 'x'.repeat(60), tags: ['a', 'b'] })),
};
const ONE_KB = { id: 1, rows: Array.from({ length: 10 }, (_, i) => ({ i, text: 'y'.repeat(70) })) };
const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);

const open = (names, options) =>
  Promise.all(
    names.map((name) => ADAPTERS[name]({ ...options, prefix: `bench-${randomUUID()}:`, commandTimeout: 5_000 })),
  );
const close = (caches) => Promise.all(caches.map((cache) => cache.close()));

/** Reads all keys until they are held: what one stores itself, it may hold only when it reads it. */
async function warm(caches, read) {
  for (const cache of caches) for (let round = 0; round < 3; round++) for (const key of keys) await read(cache, key);
}

export async function peerHits({ url }) {
  const tables = [];
  for (const [size, value] of Object.entries(VALUES)) {
    // Without tags where they cost extra: nothing here has any.
    const caches = await open(contestants(), { url, l1: true, inMemory: true, tags: false });
    const lru = new LRUCache({ max: 10_000 });
    for (const key of keys) lru.set(key, value);
    const load = () => value;
    const read = (cache, key) => cache.getOrSet(key, load, { ttl: 3_600 });
    await warm(caches, read);
    const bare = async (key) => lru.get(key);
    const subjects = [
      { name: 'lru-cache behind an async function', call: (i) => bare(keys[i % KEYS]) },
      ...caches.map((cache) => ({ name: cache.name, call: (i) => read(cache, keys[i % KEYS]) })),
    ];
    const operations = size === '100 KB' ? 300 : 10_000;
    tables.push(await compare(`Hit in the process, value of ${size}`, subjects, { operations, rounds: 7 }));
    await close(caches);
  }
  tables.push(...(await onRedis(url)));
  return tables;
}

async function onRedis(url) {
  const redis = new Redis(url);
  const prefix = `bench-${randomUUID()}:`;
  const settings = { operations: 3_000, concurrency: 64, rounds: 7 };
  const caches = await open(contestants(), { url, l1: false, tags: false });
  const load = () => ONE_KB;
  for (const key of keys) await redis.set(prefix + key, JSON.stringify(ONE_KB));
  const byHand = async (i) => JSON.parse(await redis.get(prefix + keys[i % KEYS]));

  const read = (cache, key) => cache.getOrSet(key, load, { ttl: 3_600 });
  await warm(caches, read);
  const hits = caches.map((cache) => ({ name: cache.name, call: (i) => read(cache, keys[i % KEYS]) }));
  const tables = [
    await compare(
      'Hit on Redis beside other caches, 1 KB',
      [{ name: 'GET + JSON.parse', call: byHand }, ...hits],
      settings,
    ),
  ];

  const tagged = { ttl: 3_600, tags: ['a', 'b'] };
  const withTags = await open(contestants(['cache-manager', 'async-cache-dedupe']), { url, l1: false });
  const readTagged = (cache, key) => cache.getOrSet(`tagged:${key}`, load, tagged);
  await warm(withTags, readTagged);
  const taggedHits = withTags.map((cache) => ({ name: cache.name, call: (i) => readTagged(cache, keys[i % KEYS]) }));
  tables.push(
    await compare(
      'Hit with two tags on Redis beside other caches, 1 KB',
      [{ name: 'GET + JSON.parse', call: byHand }, ...taggedHits],
      settings,
    ),
  );

  let fresh = 0;
  const missByHand = async () => {
    const key = `${prefix}miss:${fresh++}`;
    if ((await redis.get(key)) === null) await redis.set(key, JSON.stringify(load()), 'EX', 60);
  };
  const misses = caches.map((cache) => ({
    name: cache.name,
    call: () => cache.getOrSet(`miss:${fresh++}`, load, { ttl: 60 }),
  }));
  tables.push(
    await compare(
      'Miss on Redis beside other caches, 1 KB',
      [{ name: 'GET + SET', call: missByHand }, ...misses],
      settings,
    ),
  );
  await close([...caches, ...withTags]);
  await redis.quit();
  return tables;
}
