import type { RateLimitPolicy } from '@mobius1/cache';
import { describeLimitStore } from '@mobius1/cache/testing';
import { RedisLimitStore } from '../../libs/cache/src/drivers/limits/redis-limit-store.js';
import { RedisConnection } from '../../libs/cache/src/drivers/redis-connection.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { ClusterTopology } from '../support/redis-cluster.js';
import { RedisEnv } from '../support/redis-env.js';
import { serverTime } from '../support/server-time.js';
import { uniquePrefix } from '../support/unique-prefix.js';

let cluster: ClusterTopology;
beforeAll(async () => {
  cluster = await RedisEnv.cluster();
}, 60_000);
const caches: CacheInstance[] = [];
afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.close()));
});
afterAll(async () => cluster.stop());

describeLimitStore('redis cluster', async () => {
  const connection = new RedisConnection({ cluster: cluster.addresses, commandTimeout: 10_000 });
  await connection.connect();
  const store = new RedisLimitStore(connection, { prefix: uniquePrefix(), timeout: 10_000 });
  const advance = (ms: number): Promise<void> => serverTime(() => connection.serverNow(), ms);
  return { store, advance, close: () => connection.quit() };
});

describe('limits in a Cluster', () => {
  it('of keys that lie on different masters are charged all or none (G14)', async () => {
    const redis = { cluster: cluster.addresses, keyPrefix: uniquePrefix() };
    const cache = new CacheInstance({ redis, rateLimit: { timeout: 10_000 }, l1: false });
    caches.push(cache);
    await cache.connect();
    const { limits } = cache;
    const shared = { name: 'shared', limit: 3, window: '1h' } satisfies RateLimitPolicy;
    const slot = { name: 'slot', limit: 1, algorithm: 'concurrency' } satisfies RateLimitPolicy;
    const kinds: RateLimitPolicy[] = [
      { name: 'log', limit: 10, window: '1h' },
      { name: 'segments', limit: 10_000, window: '1h' },
      { name: 'bucket', limit: 10, window: '1h', algorithm: 'token-bucket' },
      { name: 'fixed', limit: 10, window: '1h', algorithm: 'fixed-window' },
      { name: 'month', limit: 10, algorithm: 'calendar', per: 'month' },
    ];
    const targets = (user: string) => [
      ...kinds.map((policy) => ({ key: user, policy })),
      { key: user, policy: slot },
      { key: 'everybody', policy: shared },
    ];
    for (const user of ['a', 'b', 'c']) expect((await limits.acquire(targets(user))).allowed).toBe(true);
    for (const user of ['d', 'e', 'f', 'g']) {
      expect((await limits.acquire(targets(user))).allowed).toBe(false);
      const { results } = await limits.peek(targets(user));
      // A bucket runs out by the microsecond: nothing is in use but what was rounded.
      expect(results.map(({ remaining }) => remaining)).toEqual([10, 10_000, 10, 10, 10, 1, 0]);
    }
  });
});
