import { setTimeout as wait } from 'node:timers/promises';
import { describeStore } from '@mobius1/cache/testing';
import { Cluster } from 'ioredis';
import { RedisConnection } from '../../libs/cache/src/drivers/redis-connection.js';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';
import { RedisStore } from '../../libs/cache/src/drivers/redis-store.js';
import { RedisTally } from '../../libs/cache/src/drivers/redis-tally.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { describeTally } from '../support/describe-tally.js';
import { eventually } from '../support/eventually.js';
import type { ClusterTopology } from '../support/redis-cluster.js';
import { RedisEnv } from '../support/redis-env.js';
import { serverTime } from '../support/server-time.js';
import { beginMigration } from '../support/slot-migration.js';
import { Traffic } from '../support/traffic.js';
import { uniquePrefix } from '../support/unique-prefix.js';

/** Of all masters: 30 keys leave one of three out once in 60,000 runs. */
const KEYS = Array.from({ length: 30 }, (_, i) => `user:${i}`);

let cluster: ClusterTopology;
const instances: CacheInstance[] = [];

beforeAll(async () => {
  cluster = await RedisEnv.cluster();
}, 60_000);
afterEach(async () => {
  await Promise.all(instances.splice(0).map((instance) => instance.close()));
});
afterAll(async () => cluster.stop());

type Changes = RedisOptions & { readonly l1?: CacheOptions['l1'] };

async function open(keyPrefix: string, { l1, ...changes }: Changes = {}): Promise<CacheInstance> {
  // More patient than the default: a busy machine must not look like an outage. Less than a failover takes.
  const redis = { cluster: cluster.addresses, keyPrefix, commandTimeout: 500, ...changes };
  const instance = new CacheInstance({ redis, ...(l1 === undefined ? {} : { l1 }) });
  instances.push(instance);
  await instance.connect();
  return instance;
}

/** All keys of all masters under a prefix, but for our own. */
async function keysUnder(prefix: string): Promise<string[]> {
  const pages = await Promise.all((await cluster.masters()).map((master) => master.command('KEYS', `${prefix}*`)));
  return (pages.flat() as string[]).filter((key) => !key.startsWith(`${prefix}~`));
}

describeStore('redis cluster', async () => {
  const prefix = uniquePrefix();
  const connection = new RedisConnection({ cluster: cluster.addresses, commandTimeout: 10_000 });
  await connection.connect();
  const store = new RedisStore(connection, prefix);
  return { store, advance: (ms) => serverTime(() => store.now(), ms), close: () => connection.quit() };
});

describeTally('redis cluster', async (bounds) => {
  const connection = new RedisConnection({ cluster: cluster.addresses, commandTimeout: 10_000 });
  await connection.connect();
  return { tally: new RedisTally(connection, uniquePrefix(), bounds), close: () => connection.quit() };
});

describe.each([
  { tier: 'with the tier', l1: {} },
  { tier: 'without the tier', l1: false as const },
])('the cache on a Cluster, $tier', ({ l1 }) => {
  let prefix: string;
  let cache: CacheInstance;
  let other: CacheInstance;

  beforeEach(async () => {
    prefix = uniquePrefix();
    [cache, other] = [await open(prefix, { l1 }), await open(prefix, { l1 })];
  });

  const store = (): Promise<unknown> =>
    cache.manager.setMany(KEYS.map((key, value) => ({ key, value, tags: ['t'], ttl: 60 })));
  /** What another process answers once it has heard all that was told. */
  const elsewhere = async (): Promise<unknown[]> => {
    await other.near?.catchUp();
    return other.manager.getMany(KEYS);
  };
  const all = KEYS.map((_, value) => value);
  const none = KEYS.map(() => undefined);

  it('reads and writes keys of all masters, one by one and many at once', async () => {
    await store();
    const holders = await Promise.all(
      (await cluster.masters()).map((master) => master.command('KEYS', `${prefix}user*`)),
    );
    expect(holders.map((keys) => (keys as unknown[]).length > 0)).toEqual([true, true, true]);
    expect(await elsewhere()).toEqual(all);
    expect(await other.manager.get('user:3')).toBe(3);
    expect(await other.manager.exists('user:3')).toBe(true);
    expect(await other.manager.getOrSet('user:3', () => -1, { tags: ['t'] })).toBe(3);
    expect(await other.manager.getOrSetMany(KEYS, () => new Map(), { tags: ['t'] })).toEqual(all);
    expect(cache.engine.counts.storeFailures + other.engine.counts.storeFailures).toBe(0);
  });

  it('deletes keys of many slots in one call', async () => {
    await store();
    await cache.manager.invalidate({ keys: KEYS });
    expect(await elsewhere()).toEqual(none);
    expect(cache.engine.remembered).toBe(0);
  });

  it('invalidates a tag of keys of all masters, and several tags at once', async () => {
    await store();
    await cache.manager.invalidateByTag('t');
    expect(await elsewhere()).toEqual(none);
    await store();
    await cache.manager.invalidate({ tags: ['a', 'b', 't'] });
    expect(await elsewhere()).toEqual(none);
    expect(cache.engine.remembered).toBe(0);
  });

  it('removes what matches a pattern from all masters', async () => {
    await store();
    await cache.manager.set('order:1', 'kept');
    expect(await cache.manager.invalidatePattern('user:*')).toBe(KEYS.length);
    expect(await elsewhere()).toEqual(none);
    expect(await keysUnder(prefix)).toEqual([`${prefix}order:1`]);
    expect(await other.manager.get('order:1')).toBe('kept');
  });

  it('clears a namespace, and everything', async () => {
    await store();
    await Promise.all(KEYS.map((key) => cache.manager.set(key, 'ns', { namespace: 'ns' })));
    await cache.manager.clear('ns');
    expect((await keysUnder(prefix)).length).toBe(KEYS.length);
    expect(await elsewhere()).toEqual(all);
    await cache.manager.increment('n');
    await cache.manager.clear();
    expect(await keysUnder(prefix)).toEqual([]);
    expect(await elsewhere()).toEqual(none);
  });

  it('counts keys and bytes of all masters', async () => {
    await store();
    const { keys, memory } = await cache.manager.getStats();
    expect(keys).toBe(KEYS.length);
    const infos = await Promise.all((await cluster.masters()).map((master) => master.command('INFO', 'memory')));
    const one = Math.max(...infos.map((info) => Number(/^used_memory:(\d+)/m.exec(String(info))?.[1])));
    expect(memory).toBeGreaterThan(one);
  });

  it('counts up with a ttl', async () => {
    const counters = KEYS.map((_, i) => `n${i}`);
    await Promise.all(counters.map((key) => cache.manager.increment(key, { by: 2, ttl: 60 })));
    expect(await Promise.all(counters.map((key) => other.manager.increment(key)))).toEqual(counters.map(() => 3));
    const master = await cluster.masterOf(`${prefix}n0`);
    expect(await master.command('PTTL', `${prefix}n0`)).toBeGreaterThan(50_000);
  });

  it('loads each key once for two processes (G6)', async () => {
    const loads: string[] = [];
    const read = ({ manager }: CacheInstance): Promise<string[]> =>
      Promise.all(
        KEYS.map((key) =>
          manager.getOrSet(key, async () => {
            loads.push(key);
            await wait(20);
            return key;
          }),
        ),
      );
    expect(await Promise.all([read(cache), read(other)])).toEqual([KEYS, KEYS]);
    expect(loads.sort()).toEqual([...KEYS].sort());
  });
});

describe('options that a Cluster does not allow', () => {
  const nodes = [{ host: 'localhost' }];

  it('braces at the start that leave generations without a slot of their own', () => {
    expect(() => new CacheInstance({ redis: { cluster: nodes, keyPrefix: 'a{}{b}:' } })).toThrow('keyPrefix');
    expect(() => new CacheInstance({ redis: { cluster: nodes, keyPrefix: '{}:' } })).toThrow('keyPrefix');
  });

  it.each(['{app}:', 'a{b:', 'a}b:', '{a}{b}:', '{:'])('but any other prefix: %s', async (start) => {
    const cache = await open(`${start}${uniquePrefix()}`);
    await cache.manager.set('k', 1, { tags: ['a', 'b'], ttl: 60 });
    await cache.manager.invalidate({ tags: ['a', 'b', 'c'] });
    expect(await cache.manager.get('k')).toBeUndefined();
    expect(cache.engine.counts.storeFailures).toBe(0);
  });

  it('a client that reads from replicas', async () => {
    const { client } = new RedisConnection({ cluster: nodes });
    const replicas = (client as unknown as Cluster).duplicate([], { scaleReads: 'slave', lazyConnect: true });
    expect(() => new CacheInstance({ redis: { client: replicas } })).toThrow('reads from masters');
    replicas.disconnect();
  });

  it('confirmation by replicas', () => {
    const waitReplicas = { replicas: 1 };
    expect(() => new CacheInstance({ redis: { cluster: nodes, waitReplicas } })).toThrow('in a Cluster');
    const { client } = new RedisConnection({ cluster: nodes });
    expect(() => new CacheInstance({ redis: { client, waitReplicas } })).toThrow('in a Cluster');
  });
});

describe('connections for commands that block, in a Cluster', () => {
  it('may be silent for longer than any other', async () => {
    const client = new Cluster([...cluster.addresses], { redisOptions: { socketTimeout: 200 } });
    const cache = await open(uniquePrefix(), { client, cluster: undefined, pool: 1, l1: false });
    const popped = cache.connection?.blocking.lend((own) => (own as unknown as Cluster).blpop('no-such-list', 1));
    await expect(popped).resolves.toBeNull();
    client.disconnect();
  });
});

describe('while the Cluster changes under traffic', () => {
  let prefix: string;
  let caches: CacheInstance[];
  let traffic: Traffic;

  beforeEach(async () => {
    prefix = uniquePrefix();
    caches = [await open(prefix), await open(prefix), await open(prefix, { l1: false })];
    traffic = new Traffic(caches, KEYS);
    traffic.start();
    await traffic.goOn();
  });

  /** Nothing reached a caller, and what is answered is true: of what was invalidated before, during and after. */
  async function allIsWell(): Promise<void> {
    await traffic.goOn();
    await traffic.stop();
    expect(traffic.errors).toEqual([]);
    expect(traffic.stale).toEqual([]);
    await traffic.settled();
    expect(await traffic.untrue()).toEqual([]);
    for (const [how, key] of KEYS.entries()) await traffic.change(key, how % 3);
    expect(caches.map(({ engine }) => engine.remembered)).toEqual([0, 0, 0]);
    await traffic.settled();
    expect(await traffic.untrue()).toEqual([]);
  }

  it('a replica takes over by hand: for entries, and for generations', async () => {
    await cluster.failover(`${prefix}user:0`);
    await traffic.goOn();
    await cluster.failover(`${prefix}~{${prefix}}:*`);
    await allIsWell();
  }, 120_000);

  it('the slot of an entry moves', async () => {
    const migration = await beginMigration(cluster, `${prefix}user:0`);
    await traffic.goOn();
    await migration.move();
    await traffic.goOn();
    await migration.finish();
    await allIsWell();
  }, 60_000);

  it('the slot of all generations moves, with some of them here and some there', async () => {
    const migration = await beginMigration(cluster, `${prefix}~{${prefix}}:*`);
    const keys = await migration.keysAtSource();
    expect(keys.length).toBeGreaterThan(10);
    await migration.move(keys.slice(0, keys.length / 2));
    await traffic.goOn();
    await migration.finish();
    await allIsWell();
  }, 60_000);

  it('a slot is served by nobody for a while', async () => {
    const master = await cluster.masterOf(`${prefix}user:0`);
    const slot = Number(await master.command('CLUSTER', 'KEYSLOT', `${prefix}user:0`));
    for (const node of cluster.nodes) await node.command('CLUSTER', 'DELSLOTS', slot);
    await eventually(() => caches.some(({ engine }) => engine.remembered > 0), { what: 'somebody meets CLUSTERDOWN' });
    await traffic.goOn();
    await master.command('CLUSTER', 'ADDSLOTS', slot);
    await eventually(() => cluster.agrees(), { what: 'the slot is served again' });
    await allIsWell();
  }, 60_000);
});

describe('in the middle of something', () => {
  let prefix: string;
  beforeEach(() => {
    prefix = uniquePrefix();
  });

  it('a load goes on while its key moves: its value is stored, unless it was invalidated', async () => {
    const cache = await open(prefix);
    for (const invalidated of [false, true]) {
      const migration = await beginMigration(cluster, `${prefix}k`);
      const value = await cache.manager.getOrSet('k', async () => {
        await migration.move();
        expect(await migration.keysAtSource()).toEqual([]);
        if (invalidated) await cache.manager.delete('k');
        return 'loaded';
      });
      expect(value).toBe('loaded');
      expect(await cache.manager.get('k')).toBe(invalidated ? undefined : 'loaded');
      await migration.finish();
      expect(await cache.manager.get('k')).toBe(invalidated ? undefined : 'loaded');
      await cache.manager.delete('k');
    }
    expect(cache.engine.counts.storeFailures).toBe(0);
  }, 60_000);

  it('a pattern finds keys that move away from where it has not looked yet', async () => {
    const cache = await open(prefix, { l1: false });
    // The walk begins at the first master; what moves there behind it is seen only by another round.
    const migration = await beginMigration(cluster, `${prefix}{moving}`);
    const nodes = (cache.connection?.client as unknown as Cluster).nodes('master');
    const keys = Array.from({ length: 20 }, (_, i) => `{moving}:${i}`);
    for (const key of keys) await cache.manager.set(key, 'old', { ttl: 60 });
    const last = nodes.at(-1);
    let scans = 0;
    for (const node of nodes) {
      const scan = node.scan.bind(node) as (...args: unknown[]) => Promise<[string, string[]]>;
      Object.assign(node, {
        scan: async (...args: unknown[]) => {
          scans++;
          if (node.options.port === migration.source.port && scans <= nodes.length) await migration.move();
          return scan(...args);
        },
      });
    }
    expect(last).toBeDefined();
    await cache.manager.invalidatePattern('{moving}*');
    expect(await keysUnder(`${prefix}{moving}`)).toEqual([]);
    expect(cache.engine.remembered).toBe(0);
    await migration.finish();
  }, 60_000);
});

describe('when a master of the Cluster dies', () => {
  it('traffic goes on, and nothing that is invalidated afterwards is served', async () => {
    const prefix = uniquePrefix();
    const caches = [await open(prefix), await open(prefix, { l1: false })];
    const traffic = new Traffic(caches, KEYS);
    traffic.start();
    await traffic.goOn();
    await cluster.killMaster(`${prefix}user:0`);
    await traffic.goOn();
    await traffic.stop();
    expect(traffic.errors).toEqual([]);
    await traffic.settled();
    for (const [how, key] of KEYS.entries()) await traffic.change(key, how % 3);
    expect(caches.map(({ engine }) => engine.remembered)).toEqual([0, 0]);
    await traffic.settled();
    expect(await traffic.untrue()).toEqual([]);
  }, 120_000);
});

describe('an invalidation while a master of the Cluster is dead', () => {
  let own: ClusterTopology;
  beforeAll(async () => {
    own = await RedisEnv.cluster();
  }, 60_000);
  afterAll(async () => own.stop());

  it('is remembered, and told by itself to its successor: keys, tags, and patterns', async () => {
    const prefix = uniquePrefix();
    const changes = { cluster: own.addresses, l1: false as const };
    const [cache, other] = [await open(prefix, changes), await open(prefix, changes)];
    const ofDead = async (key: string): Promise<boolean> => (await own.masterOf(`${prefix}${key}`)) === dead;
    const dead = await own.masterOf(`${prefix}user:0`);
    for (const key of KEYS) await cache.manager.set(key, 'old', { ttl: 60 });
    const away = (await Promise.all(KEYS.map(async (key) => ((await ofDead(key)) ? [key] : [])))).flat();
    await dead.command('WAIT', 1, 5_000);
    for (const node of own.nodes) await eventually(() => replicated(node), { what: 'replicas have it all' });
    await dead.kill();

    expect(await cache.manager.delete('user:0')).toBe(false);
    expect(await cache.manager.invalidatePattern('user:*')).toBeGreaterThanOrEqual(0);
    expect(cache.engine.remembered).toBe(2);
    expect(away.length).toBeGreaterThan(0);

    // Nobody asks this cache for anything, and yet the others are served nothing old in the end.
    await eventually(() => cache.engine.remembered === 0, { what: 'it is told by itself', timeoutMs: 30_000 });
    expect(await other.manager.getMany(KEYS)).toEqual(KEYS.map(() => undefined));
  }, 120_000);
});

/** A master whose replica has all that it has, or a replica. */
async function replicated(node: { command(name: string, ...args: string[]): Promise<unknown> }): Promise<boolean> {
  const info = String(await node.command('INFO', 'replication'));
  const offset = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
  return !info.includes('role:master') || new RegExp(`^slave0:.*offset=${offset},`, 'm').test(info);
}
