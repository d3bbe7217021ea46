// What does a hit in memory cost against a bare lru-cache get behind an async function, and does the size of the value matter?
import { LRUCache } from 'lru-cache';
import { compare } from './harness.mjs';

const SIZES = [
  { label: 'value of 100 bytes', items: 1, keys: 1_000 },
  { label: 'value of 100 KB', items: 1_000, keys: 20 },
];

export async function memoryHit({ CacheInstance }) {
  const tables = [];
  for (const { label, items, keys: count } of SIZES) {
    const value = Array.from({ length: items }, (_, i) => ({ id: i, name: 'x'.repeat(60), tags: ['a', 'b'] }));
    const keys = Array.from({ length: count }, (_, i) => `user:${i}`);
    const lru = new LRUCache({ max: 10_000 });
    const cache = new CacheInstance({ redis: false, memory: { maxBytes: 2 ** 31 } }).manager;
    const options = { ttl: 3600, tags: ['list'] };
    for (const key of keys) {
      lru.set(key, value);
      await cache.set(key, value, options);
    }
    const bare = async (key) => lru.get(key);
    const load = () => value;
    const subjects = [
      { name: 'lru-cache behind an async function', call: (i) => bare(keys[i % count]) },
      { name: 'getOrSet', goal: 3, call: (i) => cache.getOrSet(keys[i % count], load, options) },
    ];
    tables.push(await compare(`Hit in memory, ${label}`, subjects, { operations: 200_000 }));
  }
  return tables;
}
