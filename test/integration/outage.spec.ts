import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';
import { StoreUnavailableError } from '../../libs/cache/src/core/errors.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';

/** G10: a failure of the cache never fails a read. G11: nor does it lose an invalidation. */
describe('when Redis fails', () => {
  let redis: RedisProcess;
  const instances: CacheInstance[] = [];
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);

  /** More patient than the default: a machine that is busy with other tests must not look like an outage. */
  function connectedTo(server: RedisProcess, changes: RedisOptions = {}): CacheInstance {
    const options = { host: server.host, port: server.port, keyPrefix: 'outage:', commandTimeout: 250, ...changes };
    const instance = new CacheInstance({ redis: options });
    instances.push(instance);
    return instance;
  }

  async function connected(changes?: RedisOptions): Promise<CacheInstance> {
    const instance = connectedTo(redis, changes);
    await instance.connect();
    return instance;
  }

  /** Reads until one is a hit: the cache is in use (again). */
  async function heals({ manager, engine }: CacheInstance): Promise<void> {
    await eventually(
      async () => {
        const { hits } = engine.counts;
        await manager.getOrSet('healed', () => true, { ttl: 60 });
        return engine.counts.hits > hits;
      },
      { what: 'reads are cached again' },
    );
  }

  /** What every part of the API does without a store. */
  async function worksWithout({ manager, engine }: CacheInstance): Promise<void> {
    const remembered = engine.remembered;
    expect(await manager.getOrSet('k', () => 'loaded', { ttl: 60, tags: ['t'] })).toBe('loaded');
    expect(await manager.getOrSet('late', () => 'x', { ttl: 60, tags: (value) => [value] })).toBe('x');
    expect(await manager.get('k')).toBeUndefined();
    expect(await manager.getMany(['k', 'l'])).toEqual([undefined, undefined]);
    expect(await manager.exists('k')).toBe(false);
    expect(await manager.set('s', 1)).toBe(false);
    expect(await manager.put('p', () => 2)).toBe(2);
    expect(await manager.warmUp([{ key: 'w', value: 1 }])).toEqual({ stored: 0, failed: 1 });
    expect(await manager.delete('d')).toBe(false);
    await manager.invalidateByTag('t');
    expect(await manager.invalidatePattern('d*')).toBe(0);
    await manager.clear('ns');
    await expect(manager.increment('n')).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(manager.getOrSet('k', () => Promise.reject(new Error('from the load')))).rejects.toThrow(
      'from the load',
    );
    expect(await manager.getStats()).toMatchObject({ keys: 0, memory: 0 });
    expect(engine.remembered).toBeGreaterThan(remembered);
  }

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    redis = await RedisEnv.process();
  });

  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.close()));
    expect(unhandled.splice(0)).toEqual([]);
    if (!redis.running) await redis.restart();
    await redis.command('FLUSHALL');
  });

  afterAll(async () => {
    process.off('unhandledRejection', note);
    await redis.stop();
  });

  it('killed for long: thousands of tags that it could not be told do not keep it from coming back', async () => {
    const cache = await connected({ commandTimeout: 50 }); // the default
    await redis.kill();
    const tags = Array.from({ length: 9_000 }, (_, i) => `tag-${i}`);
    await eventually(() => cache.connection?.ready === false, { what: 'the connection is lost' });
    await Promise.all(tags.map((tag) => cache.manager.invalidateByTag(tag)));
    expect(cache.engine.remembered).toBe(tags.length);
    await redis.restart();
    await heals(cache);
    expect(cache.engine.remembered).toBe(0);
  });

  it('absent at the start: everything works, and it is used once it appears', async () => {
    await redis.kill();
    const cache = connectedTo(redis);
    await expect(cache.connect()).rejects.toBeInstanceOf(StoreUnavailableError);
    await worksWithout(cache);
    await redis.restart();
    await heals(cache);
    expect(cache.engine.remembered).toBe(0);
  });

  it('killed: everything works, and it is used again when it is back', async () => {
    const cache = await connected();
    await cache.manager.set('k', 'old', { ttl: 60 });
    await redis.kill();
    await worksWithout(cache);
    await redis.restart();
    await heals(cache);
    expect(cache.engine.remembered).toBe(0);
  });

  it('killed during a load: its callers get the value', async () => {
    const cache = await connected();
    const load = async (): Promise<string> => {
      await redis.kill();
      return 'loaded';
    };
    const callers = [cache.manager.getOrSet('k', load), cache.manager.getOrSet('k', load)];
    expect(await Promise.all(callers)).toEqual(['loaded', 'loaded']);
  });

  it('frozen: reads give up on it, the breaker stops asking, and it is used again when it thaws', async () => {
    const cache = await connected();
    redis.freeze();
    try {
      await eventually(
        async () => {
          expect(await cache.manager.getOrSet('k', () => 'loaded')).toBe('loaded');
          return cache.connection?.breaker.state === 'open';
        },
        { what: 'the breaker opens' },
      );
      await worksWithout(cache);
    } finally {
      redis.thaw();
    }
    // It answers again, the breaker does not know of it yet: health is no error, whoever is first.
    await expect(cache.health()).resolves.toMatchObject({ store: 'redis' });
    await heals(cache);
    expect(cache.engine.remembered).toBe(0);
  });

  it('frozen during an invalidation: the old value is never served again', async () => {
    const cache = await connected();
    const other = await connected({ commandTimeout: 10_000 });
    await cache.manager.set('k', 'old', { ttl: 60 });
    await cache.manager.set('tagged', 'old', { ttl: 60, tags: ['t'] });
    redis.freeze();
    try {
      await cache.manager.invalidate({ keys: ['k'], tags: ['t'] });
      expect(await cache.manager.getOrSet('k', () => 'new')).toBe('new');
    } finally {
      redis.thaw();
    }
    expect(await cache.manager.getOrSet('k', () => 'new')).toBe('new');
    expect(await cache.manager.getOrSet('tagged', () => 'new', { tags: ['t'] })).toBe('new');
    await heals(cache);
    expect(await other.manager.get('k')).not.toBe('old');
    expect(await other.manager.get('tagged')).not.toBe('old');
  });

  it.each([
    ['a lease is taken', 'set'],
    ['a value is stored', 'evalsha'],
  ] as const)('frozen while %s: what is carried out late blocks nobody', async (_what, command) => {
    const leaseTimeout = 60_000; // longer than this test
    const [cache, other] = [0, 1].map(() => {
      const { host, port } = redis;
      const options = { host, port, keyPrefix: 'outage:', commandTimeout: 250 };
      const instance = new CacheInstance({ redis: options, leaseTimeout, waitTimeout: leaseTimeout });
      instances.push(instance);
      return instance;
    }) as [CacheInstance, CacheInstance];
    await Promise.all([cache.connect(), other.connect()]);
    await cache.manager.getOrSet('warm', () => 'knows all scripts and generations');
    const client = cache.connection?.client as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const send = client[command]!.bind(client);
    jest.spyOn(client, command).mockImplementationOnce((...args) => {
      redis.freeze();
      return send(...args);
    });
    try {
      expect(await cache.manager.getOrSet('k', () => 'loaded', { ttl: 60 })).toBe('loaded');
    } finally {
      redis.thaw();
    }
    expect(['loaded', 'second']).toContain(await other.manager.getOrSet('k', () => 'second'));
  });

  it('full: values are not stored, reads go on', async () => {
    const cache = await connected();
    await redis.command('CONFIG', 'SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction');
    expect(await cache.manager.getOrSet('k', () => 'loaded')).toBe('loaded');
    expect(await cache.manager.set('k', 1)).toBe(false);
    expect(cache.connection?.breaker.state).toBe('closed');
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await heals(cache);
  });

  it('read-only: what it holds is not trusted after an invalidation that it refused', async () => {
    const cache = await connected();
    await cache.manager.set('k', 'old', { ttl: 60 });
    await redis.command('REPLICAOF', redis.host, '1');
    expect(await cache.manager.delete('k')).toBe(false);
    expect(cache.engine.remembered).toBe(1);
    expect(await cache.manager.getOrSet('k', () => 'new')).toBe('new');
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await heals(cache);
    expect(await cache.manager.getOrSet('k', () => 'new')).toBe('new');
    expect(cache.engine.remembered).toBe(0);
  });

  it('emptied: entries and tags start anew', async () => {
    const cache = await connected();
    const options = { ttl: 60, tags: ['t'] };
    await cache.manager.set('k', 'old', options);
    await redis.command('FLUSHALL');
    expect(await cache.manager.getOrSet('k', () => 'new', options)).toBe('new');
    expect(await cache.manager.get('k')).toBe('new');
    await cache.manager.invalidateByTag('t');
    expect(await cache.manager.get('k')).toBeUndefined();
  });

  it('without its scripts: they are sent again', async () => {
    const cache = await connected();
    await redis.command('SCRIPT', 'FLUSH');
    expect(await cache.manager.set('k', 1)).toBe(true);
    await redis.command('SCRIPT', 'FLUSH');
    await cache.manager.invalidateByTag('t');
    expect(await cache.manager.increment('n', { ttl: 60 })).toBe(1);
  });

  it('closing does not wait for it', async () => {
    const cache = await connected();
    redis.freeze();
    try {
      await cache.manager.delete('k');
      await expect(cache.close(100)).resolves.toBeUndefined();
    } finally {
      redis.thaw();
    }
  });
});

describe('when Redis fails over', () => {
  it('the new master is found and used', async () => {
    const sentinel = await RedisEnv.sentinel();
    const cache = new CacheInstance({
      redis: { sentinels: sentinel.addresses, name: sentinel.name, keyPrefix: 'failover:', commandTimeout: 1_000 },
    });
    try {
      await cache.connect();
      expect(await cache.manager.set('k', 'before', { ttl: 60 })).toBe(true);
      await sentinel.killMaster();
      expect(await cache.manager.getOrSet('other', () => 'loaded')).toBe('loaded');
      await eventually(() => cache.manager.set('k', 'after', { ttl: 60 }), { what: 'the new master takes writes' });
      expect(await cache.manager.get('k')).toBe('after');
    } finally {
      await cache.close();
      await sentinel.stop();
    }
  }, 90_000);
});
