import type { CacheEvents } from '@mobius1/cache';
import type { WaitReplicasOptions } from '../../libs/cache/src/drivers/redis-options.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { RedisHandle } from '../../libs/cache/src/instance/redis-handle.js';
import { eventually } from '../support/eventually.js';
import type { ReplicaTopology } from '../support/redis-replica.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

/** Invalidations that wait for replicas (`redis.waitReplicas`): what a failover may undo otherwise. */
describe('invalidations that wait for replicas', () => {
  let topology: ReplicaTopology;
  let master: RedisProcess;
  let replica: RedisProcess;
  let line: TcpProxy;
  const instances: CacheInstance[] = [];

  beforeEach(async () => {
    ({ master, replica } = topology = await RedisEnv.replica());
    line = await RedisEnv.proxy(master);
  });
  afterEach(async () => {
    replica.thaw();
    await Promise.all(instances.splice(0).map((instance) => instance.close()));
    await line.stop();
    await topology.stop();
  });

  /** Long enough for a replica that is busy. */
  const confirmed = { replicas: 1, timeout: 10_000 };

  async function use(waitReplicas?: WaitReplicasOptions): Promise<CacheInstance> {
    const { host, port } = line;
    const redis = { host, port, keyPrefix: 'w:', commandTimeout: 2_000, waitReplicas };
    const instance = new CacheInstance({ redis, l1: false });
    instances.push(instance);
    await instance.connect();
    return instance;
  }

  const KEYS = ['deleted', 'tagged', 'of-pattern'];
  const fill = async ({ manager }: CacheInstance): Promise<void> => {
    for (const key of KEYS) await manager.set(key, 'old', { ttl: 60, tags: [`tag-${key}`] });
    await eventually(async () => (await servedBy(replica)).every((value) => value === 'old'), {
      what: 'the replica has them',
    });
  };
  const invalidate = async ({ manager }: CacheInstance): Promise<void> => {
    await manager.delete('deleted');
    await manager.invalidateByTag('tag-tagged');
    await manager.invalidatePattern('of-*');
  };
  /** What a server holds that a reader would be served. */
  const servedBy = async (server: RedisProcess): Promise<unknown[]> => {
    const { host, port } = server;
    const redis = { host, port, keyPrefix: 'w:', commandTimeout: 10_000 };
    const reader = new CacheInstance({ redis, l1: false });
    try {
      await reader.connect();
      return await reader.manager.getMany(KEYS);
    } finally {
      await reader.close();
    }
  };
  /** A confirmation is for all that was told before. */
  const confirms = (cache: CacheInstance): Promise<unknown> =>
    eventually(async () => cache.manager.delete('other').then(async () => (await cache.health()).status === 'up'), {
      what: 'the replica confirms',
    });
  const none = KEYS.map(() => undefined);

  it('do so after quit() and connect(), too', async () => {
    const cache = await use(confirmed);
    const handle = new RedisHandle(cache.connection);
    await handle.quit();
    await handle.connect();
    await fill(cache);
    await eventually(async () => (await cache.manager.delete('deleted')) || cache.engine.remembered === 0, {
      what: 'the connection for invalidations is there again',
    });
    await invalidate(cache);
    expect(cache.engine.remembered).toBe(0);
    expect(await servedBy(replica)).toEqual(none);
  });

  it('return when a replica has them', async () => {
    const cache = await use(confirmed);
    for (let round = 0; round < 20; round++) {
      await fill(cache);
      await invalidate(cache);
      expect(await servedBy(replica)).toEqual(none);
    }
    expect((await cache.health()).status).toBe('up');
  });

  it('return after the time they were given when none confirms, and say so; one later confirmation is for all', async () => {
    const cache = await use({ replicas: 1, timeout: 50 });
    const events: CacheEvents['underReplicated'][] = [];
    cache.events.on('underReplicated', (event) => void events.push(event));
    await fill(cache);
    await confirms(cache); // what was stored was told, too
    replica.freeze();
    events.length = 0;
    await invalidate(cache);
    expect(await servedBy(master)).toEqual(none);
    expect(cache.engine.remembered).toBe(0);
    expect(events).toEqual(Array.from({ length: 3 }, () => ({ acknowledged: 0, wanted: 1 })));
    const health = await cache.health();
    expect(health.status).toBe('degraded');
    expect(health.reasons.join()).toContain('3 invalidations are on too few replicas');
    replica.thaw();
    await confirms(cache);
  });

  it('are told again to the replica that took over without having them', async () => {
    const cache = await use({ replicas: 1, timeout: 50 });
    await fill(cache);
    await replica.command('REPLICAOF', 'NO', 'ONE');
    await invalidate(cache);
    expect(await servedBy(replica)).toEqual(['old', 'old', 'old']);
    line.turnTo(replica);
    await eventually(async () => (await servedBy(replica)).every((value) => value === undefined), {
      what: 'it is told what it missed',
    });
  });

  it('are lost with the master without that option', async () => {
    const cache = await use();
    await fill(cache);
    await replica.command('REPLICAOF', 'NO', 'ONE');
    await invalidate(cache);
    line.turnTo(replica);
    await eventually(async () => (await cache.manager.get('deleted')) !== undefined, { what: 'it is connected again' });
    expect(await servedBy(replica)).toEqual(['old', 'old', 'old']);
  });

  it('are remembered like all others when Redis cannot be reached', async () => {
    const cache = await use(confirmed);
    await fill(cache);
    line.cut();
    await invalidate(cache);
    expect(cache.engine.remembered).toBe(3);
    line.heal();
    await eventually(() => cache.engine.remembered === 0, { what: 'it is told' });
    expect(await servedBy(replica)).toEqual(none);
  });
});
