import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as IORedis from 'ioredis';
import type { TortureAdapter, TortureRedis } from '../adapter.js';

/** Peers have dependencies of their own: `npm ci --prefix bench/peers`. */
const requirePeer = createRequire(join(__dirname, '../../../bench/peers/package.json'));

interface Bento {
  getOrSet(options: object): Promise<number>;
  get(options: object): Promise<number | undefined>;
  set(options: object): Promise<unknown>;
  delete(options: object): Promise<unknown>;
  deleteByTag(options: object): Promise<unknown>;
  disconnect(): Promise<unknown>;
}

type Store = { useL1Layer(l1: unknown): Store; useL2Layer(l2: unknown): Store; useBus(bus: unknown): Store };

/** Bentocache as its documentation recommends it for several processes: memory before Redis, and the Redis bus. */
export async function createAdapter(redis: TortureRedis, prefix: string): Promise<TortureAdapter> {
  const { BentoCache, bentostore } = requirePeer('bentocache') as {
    BentoCache: new (options: object) => Bento;
    bentostore: () => Store;
  };
  const { memoryDriver } = requirePeer('bentocache/drivers/memory') as { memoryDriver: (o: object) => unknown };
  const { redisDriver, redisBusDriver } = requirePeer('bentocache/drivers/redis') as {
    redisDriver: (options: object) => unknown;
    redisBusDriver: (options: object) => unknown;
  };
  const { Redis } = requirePeer('ioredis') as typeof IORedis;
  if ('cluster' in redis) throw new Error('This adapter has no Cluster: bentocache takes one Redis connection.');
  const connection = 'url' in redis ? new Redis(redis.url) : new Redis({ ...redis, sentinels: [...redis.sentinels] });
  connection.on('error', () => undefined);
  const options = connection.options;
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxItems: 10_000 }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection: { ...options } }));
  const bento = new BentoCache({ default: 'torture', prefix, stores: { torture: store } });
  const { dependencies } = requirePeer('./package.json') as { dependencies: Record<string, string> };
  const timed = ({ ttl, tags }: { ttl: number; tags: readonly string[] }) => ({ ttl: `${ttl}s`, tags: [...tags] });
  return {
    name: `bentocache ${dependencies.bentocache}`,
    getOrSet: (key, factory, o) => bento.getOrSet({ key, factory, ...timed(o) }),
    get: (key) => bento.get({ key }),
    set: (key, value, o) => bento.set({ key, value, ...timed(o) }),
    delete: (key) => bento.delete({ key }),
    invalidateTag: (tag) => bento.deleteByTag({ tags: [tag] }),
    close: async () => {
      await bento.disconnect();
      connection.disconnect();
    },
  };
}
