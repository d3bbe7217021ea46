// What does a hit in memory cost against a bare lru-cache get behind an async function, and does the size of the value matter?
import { LRUCache } from 'lru-cache';
import { compare } from './harness.mjs';

export async function memoryHit({ CacheInstance }) {
  const rows = [];
  for (const [label, items] of [
    ['small', 1],
    ['100 KB', 1_000],
  ]) {
    const value = Array.from({ length: items }, (_, i) => ({ id: i, name: 'x'.repeat(60), tags: ['a', 'b'] }));
    const keys = Array.from({ length: 1_000 }, (_, i) => `user:${i}`);
    const lru = new LRUCache({ max: 10_000 });
    const cache = new CacheInstance({ redis: false, memory: { maxBytes: 2 ** 31 } }).manager;
    for (const key of items === 1 ? keys : keys.slice(0, 20)) {
      lru.set(key, value);
      await cache.set(key, value, { ttl: 3600, tags: ['list'] });
    }
    const spread = items === 1 ? 1_000 : 20;
    const bare = async (key) => lru.get(key);
    const load = () => value;
    const options = { ttl: 3600, tags: ['list'] };
    rows.push(
      ...(await compare(
        `hit in memory, ${label} value`,
        [
          { name: 'lru-cache behind async', call: (i) => bare(keys[i % spread]) },
          { name: 'getOrSet', limit: 3, call: (i) => cache.getOrSet(keys[i % spread], load, options) },
        ],
        { operations: 200_000 },
      )),
    );
  }
  return rows;
}
