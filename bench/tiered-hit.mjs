// What does a hit in the tier before Redis cost against a bare lru-cache get behind an async function?
import { LRUCache } from 'lru-cache';
import { compare } from './harness.mjs';

const KEYS = 1_000;

export async function tieredHit({ CacheInstance, url, prefix }) {
  const instance = new CacheInstance({ redis: { url, keyPrefix: prefix, commandTimeout: 5_000 } });
  await instance.connect();
  const value = { id: 1, name: 'x'.repeat(60) };
  const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);
  const taggedKeys = keys.map((key) => `tagged:${key}`);
  const lru = new LRUCache({ max: 10_000 });
  const load = () => value;
  const tagged = { ttl: 3600, tags: ['a', 'b'] };
  const plain = { ttl: 3600 };
  for (const key of keys) lru.set(key, value);
  // The news of our own stores drops what was kept of them: read until all is held.
  while (instance.near.store.near.entries < 2 * KEYS) {
    for (const key of keys) await instance.manager.getOrSet(key, load, plain);
    for (const key of taggedKeys) await instance.manager.getOrSet(key, load, tagged);
    await instance.near.catchUp();
  }
  const bare = async (key) => lru.get(key);
  const subjects = [
    { name: 'lru-cache behind an async function', call: (i) => bare(keys[i % KEYS]) },
    { name: 'getOrSet', goal: 3, call: (i) => instance.manager.getOrSet(keys[i % KEYS], load, plain) },
    {
      name: 'getOrSet with two tags',
      goal: 3.5,
      call: (i) => instance.manager.getOrSet(taggedKeys[i % KEYS], load, tagged),
    },
  ];
  const table = await compare('Hit in the tier before Redis', subjects, { operations: 200_000 });
  await instance.close();
  return [table];
}
