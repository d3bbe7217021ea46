import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';
import { eventually } from '../support/eventually.js';
import type { ClusterTopology } from '../support/redis-cluster.js';
import { RedisEnv } from '../support/redis-env.js';

const KEYS = Array.from({ length: 30 }, (_, i) => `k${i}`);
const OPTIONS = { ttl: 60, tags: ['t'] };

const instances: CacheInstance[] = [];

async function start(redis: RedisOptions): Promise<CacheInstance> {
  const instance = new CacheInstance({ redis: { keyPrefix: 'topology:', commandTimeout: 2_000, ...redis } });
  instances.push(instance);
  await instance.connect();
  await coherent(instance);
  return instance;
}

const coherent = async (instance: CacheInstance): Promise<unknown> =>
  eventually(() => instance.near?.coherence === 'coherent', { what: 'the tier is coherent', timeoutMs: 30_000 });

const heldBy = ({ near }: CacheInstance): string[] => KEYS.filter((key) => near?.store.peek(key) !== undefined);

/** Reads all keys until this process holds every one of them. */
async function hold(instance: CacheInstance, value: string): Promise<void> {
  await eventually(
    async () => {
      for (const key of KEYS) await instance.manager.getOrSet(key, () => value, OPTIONS);
      return heldBy(instance).length === KEYS.length;
    },
    { what: 'all keys are held', timeoutMs: 30_000 },
  );
}

const valuesIn = async ({ manager }: CacheInstance, load: string): Promise<string[]> => [
  ...new Set(await Promise.all(KEYS.map((key) => manager.getOrSet(key, () => load, OPTIONS)))),
];

afterEach(async () => {
  await Promise.all(instances.splice(0).map((instance) => instance.close()));
});

describe('the tier before a Cluster', () => {
  let topology: ClusterTopology;
  beforeAll(async () => {
    topology = await RedisEnv.cluster();
  }, 60_000);
  afterAll(async () => topology.stop());

  it('hears every master: others delete keys of all slots, invalidate tags, and flush', async () => {
    const [here, there] = [await start({ cluster: topology.addresses }), await start({ cluster: topology.addresses })];
    await hold(here, 'old');
    await Promise.all(KEYS.map((key) => there.manager.delete(key)));
    expect(await here.near?.catchUp()).toBe(true);
    expect(heldBy(here)).toEqual([]);

    await hold(here, 'old');
    await there.manager.invalidateByTag('t');
    expect(await here.near?.catchUp()).toBe(true);
    expect(await valuesIn(here, 'new')).toEqual(['new']);

    await hold(here, 'new');
    for (const master of await topology.masters()) await master.command('FLUSHALL');
    await eventually(() => heldBy(here).length === 0, { what: 'the flush is heard' });
  }, 60_000);

  it('listens again to a master that closed the connection', async () => {
    const here = await start({ cluster: topology.addresses });
    await hold(here, 'old');
    const losses: unknown[] = [];
    here.near?.store.listen((heard) => heard === 'everything' && losses.push(heard));
    const [master] = await topology.masters();
    await master?.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => losses.length > 0, { what: 'the loss is noticed' });
    await coherent(here);
    await hold(here, 'old');
  }, 60_000);

  it('is not served blind after a master has died, and comes back with its successor', async () => {
    const here = await start({ cluster: topology.addresses });
    await hold(here, 'old');
    const losses: unknown[] = [];
    here.near?.store.listen((heard) => heard === 'everything' && losses.push(heard));
    await topology.killMaster('topology:k0');
    await eventually(() => losses.length > 0, { what: 'the loss is noticed' });
    expect(await valuesIn(here, 'old')).toEqual(['old']); // no error reaches a caller
    await coherent(here);

    const there = await start({ cluster: topology.addresses });
    await hold(here, 'old');
    await eventually(() => there.manager.delete('k0').then(() => there.engine.remembered === 0), {
      what: 'the delete',
    });
    await Promise.all(KEYS.map((key) => there.manager.delete(key)));
    await here.near?.catchUp();
    expect(heldBy(here)).toEqual([]);
  }, 90_000);
});

describe('the tier behind Sentinel', () => {
  it('is not served blind during a failover, and hears the new master afterwards', async () => {
    const sentinel = await RedisEnv.sentinel();
    try {
      const redis = { sentinels: sentinel.addresses, name: sentinel.name };
      const here = await start(redis);
      await hold(here, 'old');
      await sentinel.killMaster();
      expect(await valuesIn(here, 'old')).toEqual(['old']);
      await coherent(here);
      await hold(here, 'old');
      const there = await start(redis);
      await there.manager.invalidateByTag('t');
      expect(await here.near?.catchUp()).toBe(true);
      expect(await valuesIn(here, 'new')).toEqual(['new']);
    } finally {
      await Promise.all(instances.splice(0).map((instance) => instance.close()));
      await sentinel.stop();
    }
  }, 120_000);
});
