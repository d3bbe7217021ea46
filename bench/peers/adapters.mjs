// Other caches and this one behind one shape, set up as their documentation recommends for several processes on Redis:
// memory before Redis, unless `l1` is false. TTLs are in seconds here.
//
//   { name, getOrSet(key, load, { ttl, tags }), set, delete, invalidateTag?, close }
import { createRequire } from 'node:module';
import { missingPeers } from './installed.mjs';

const here = createRequire(import.meta.url);
const MAX_ENTRIES = 10_000;

/** Name and version of a package, as installed. */
export const versionOf = (name) => {
  const { dependencies } = here('./package.json');
  return `${name} ${dependencies[name]}`;
};

/** False until `npm ci --prefix bench/peers` was run, with what is asked for now. */
export const arePeersInstalled = () => missingPeers().length === 0;

const KEYV = ['keyv', '@keyv/redis'];
const BENEATH = {
  bentocache: ['ioredis'],
  'cache-manager': KEYV,
  cacheable: KEYV,
  'async-cache-dedupe': ['ioredis'],
  'prisma-extension-redis': ['ioredis'],
};

/** What the caches stand on that these rows name, with versions: it belongs to what was measured. */
export function beneath(rows) {
  const named = Object.keys(BENEATH).filter((name) => rows.some(({ what }) => what?.startsWith(versionOf(name))));
  return [...new Set(named.flatMap((name) => BENEATH[name]))].map(versionOf);
}

async function mobius({ url, prefix, l1 = true, commandTimeout }) {
  const { CacheInstance } = here('../../dist/libs/cache/src/instance/cache-instance.js');
  const redis = { url, keyPrefix: prefix, ...(commandTimeout ? { commandTimeout } : {}) };
  const instance = new CacheInstance({ redis, ...(l1 ? {} : { l1: false }) });
  await instance.connect();
  const { manager } = instance;
  return {
    name: 'Mobius cache',
    getOrSet: (key, load, options) => manager.getOrSet(key, load, options),
    set: (key, value, options) => manager.set(key, value, options),
    delete: (key) => manager.delete(key),
    invalidateTag: (tag) => manager.invalidateByTag(tag),
    close: () => instance.close(),
  };
}

async function bentocache({ url, prefix, l1 = true }) {
  const { BentoCache, bentostore } = here('bentocache');
  const { memoryDriver } = here('bentocache/drivers/memory');
  const { redisDriver, redisBusDriver } = here('bentocache/drivers/redis');
  const { Redis } = here('ioredis');
  const connection = new Redis(url);
  connection.on('error', () => undefined);
  let store = bentostore().useL2Layer(redisDriver({ connection }));
  if (l1) {
    const { host, port } = connection.options;
    store = store
      .useL1Layer(memoryDriver({ maxItems: MAX_ENTRIES }))
      .useBus(redisBusDriver({ connection: { host, port } }));
  }
  const bento = new BentoCache({ default: 'bench', prefix, stores: { bench: store } });
  const timed = ({ ttl, tags }) => ({ ttl: `${ttl}s`, ...(tags ? { tags } : {}) });
  return {
    name: versionOf('bentocache'),
    getOrSet: (key, factory, options) => bento.getOrSet({ key, factory, ...timed(options) }),
    set: (key, value, options) => bento.set({ key, value, ...timed(options) }),
    delete: (key) => bento.delete({ key }),
    invalidateTag: (tag) => bento.deleteByTag({ tags: [tag] }),
    close: async () => {
      await bento.disconnect();
      connection.disconnect();
    },
  };
}

function keyvOnRedis({ url, prefix }) {
  const { Keyv } = here('keyv');
  const { default: KeyvRedis } = here('@keyv/redis');
  const keyv = new Keyv({ store: new KeyvRedis(url), namespace: prefix });
  keyv.on('error', () => undefined);
  return keyv;
}

async function cacheManager({ l1 = true, ...place }) {
  const { createCache } = here('cache-manager');
  const { CacheableMemory } = here('cacheable');
  const { Keyv } = here('keyv');
  const redis = keyvOnRedis(place);
  const memory = new Keyv({ store: new CacheableMemory({ lruSize: MAX_ENTRIES }) });
  const cache = createCache({ stores: l1 ? [memory, redis] : [redis] });
  return {
    name: versionOf('cache-manager'),
    getOrSet: (key, load, { ttl }) => cache.wrap(key, load, ttl * 1_000),
    set: (key, value, { ttl }) => cache.set(key, value, ttl * 1_000),
    delete: (key) => cache.del(key),
    close: () => cache.disconnect(),
  };
}

async function cacheable({ l1 = true, tags = true, ...place }) {
  const { Cacheable } = here('cacheable');
  const redis = keyvOnRedis(place);
  const cache = new Cacheable({ tags, ...(l1 ? { secondary: redis } : { primary: redis }) });
  cache.on('error', () => undefined);
  const options = (given) => ({ ttl: given.ttl * 1_000, ...(given.tags ? { tags: given.tags } : {}) });
  return {
    name: versionOf('cacheable'),
    getOrSet: (key, load, given) => cache.getOrSet(key, load, options(given)),
    set: (key, value, given) => cache.set(key, value, options(given)),
    delete: (key) => cache.delete(key),
    invalidateTag: tags ? (tag) => cache.tags.invalidateTag(tag) : undefined,
    close: () => cache.disconnect(),
  };
}

async function asyncCacheDedupe({ url, prefix, l1 = true, inMemory = false }) {
  const { createCache } = here('async-cache-dedupe');
  const { Redis } = here('ioredis');
  const client = inMemory ? undefined : new Redis(url, { keyPrefix: prefix });
  client?.on('error', () => undefined);
  const invalidation = { referencesTTL: 3_600 };
  // It has one storage at a time: memory, or Redis. Where a tier before Redis is measured, that is its memory.
  const storage = client
    ? { type: 'redis', options: { client, invalidation } }
    : { type: 'memory', options: { size: MAX_ENTRIES, invalidation: true } };
  const cache = createCache({ ttl: 3_600, storage });
  const loads = new Map();
  let tagsOf;
  cache.define('read', { references: (_args, key) => tagsOf?.(key) ?? [] }, (key) => loads.get(key)());
  return {
    name: `${versionOf('async-cache-dedupe')}${l1 && inMemory ? ' (memory)' : ''}`,
    getOrSet: async (key, load, { tags }) => {
      loads.set(key, load);
      if (tags) tagsOf = () => tags;
      return cache.read(key);
    },
    set: undefined, // it stores what its functions return, nothing else
    delete: (key) => cache.clear('read', key),
    invalidateTag: (tag) => cache.invalidateAll(tag),
    close: () => client?.disconnect(),
  };
}

/** No cache of several processes at all: what the others are measured against. */
async function lruCache() {
  const { LRUCache } = here('lru-cache');
  const lru = new LRUCache({ max: MAX_ENTRIES });
  return {
    name: 'lru-cache alone',
    getOrSet: async (key, load) => {
      const held = lru.get(key);
      if (held !== undefined) return held;
      const value = await load();
      lru.set(key, value);
      return value;
    },
    delete: async (key) => lru.delete(key),
    close: () => undefined,
  };
}

export const ADAPTERS = {
  'lru-cache': lruCache,
  mobius,
  bentocache,
  'cache-manager': cacheManager,
  cacheable,
  'async-cache-dedupe': asyncCacheDedupe,
};

/** The caches to be compared: all, or this one alone where the others are not installed. */
export function contestants(except = []) {
  if (!arePeersInstalled()) {
    console.log('Only this cache: the others are installed by `npm ci --prefix bench/peers`.');
    return ['mobius'];
  }
  return Object.keys(ADAPTERS).filter((name) => name !== 'lru-cache' && !except.includes(name));
}
