import { Redis } from 'ioredis';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';

const PREFIX = 'tiers:';
const OPTIONS = { namespace: 'ns', tags: ['t'], ttl: 60 };

/** G4: the tier in this process is coherent with Redis. G5: it is never served blind. */
describe('the tier before Redis', () => {
  let redis: RedisProcess;
  const instances: CacheInstance[] = [];

  async function start({ redis: at = {}, ...options }: CacheOptions = {}): Promise<CacheInstance> {
    const { host, port } = redis;
    const instance = new CacheInstance({
      redis: { host, port, keyPrefix: PREFIX, commandTimeout: 2_000, ...at },
      ...options,
    });
    instances.push(instance);
    await instance.connect();
    return instance;
  }

  const coherent = async (instance: CacheInstance): Promise<void> => {
    await eventually(() => instance.near?.coherence === 'coherent', { what: 'the tier is coherent' });
  };

  /** An instance that holds `v` under `k` in this process. */
  async function holding(options: CacheOptions = {}): Promise<CacheInstance> {
    const instance = await start(options);
    await coherent(instance);
    await eventually(
      async () => {
        await instance.manager.getOrSet('k', () => 'v', OPTIONS);
        return held(instance) === 'v';
      },
      { what: 'the value is held' },
    );
    return instance;
  }

  const held = (instance: CacheInstance): unknown => instance.near?.store.peek('ns|k')?.value();

  /** How many commands Redis has executed, and which. */
  async function commands(): Promise<Record<string, number>> {
    const info = String(await redis.command('INFO', 'commandstats'));
    const calls = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
    return Object.fromEntries(calls.map(([, name = '', count]) => [name, Number(count)]));
  }

  beforeAll(async () => {
    redis = await RedisEnv.process();
  });

  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.close()));
    if (!redis.running) await redis.restart();
    await redis.command('FLUSHALL');
  });

  afterAll(() => redis.stop());

  it('answers a hot tagged hit without a command', async () => {
    const { manager, near } = await holding({ coherence: { pingInterval: 600_000 } });
    await near?.catchUp();
    const { localHits } = await manager.getStats();
    const before = await commands();
    for (let i = 0; i < 100; i++) expect(await manager.getOrSet('k', () => 'other', OPTIONS)).toBe('v');
    expect(await manager.get('k', { namespace: 'ns' })).toBe('v');
    const after = await commands();
    expect({ ...after, info: 0, 'client|setinfo': 0, hello: 0 }).toEqual({
      ...before,
      ...{ info: 0, 'client|setinfo': 0, hello: 0 },
    });
    expect((await manager.getStats()).localHits - localHits).toBe(101);
  });

  describe('drops its copy when', () => {
    const key = `${PREFIX}ns|k`;
    const foreign: [string, () => Promise<unknown>][] = [
      ['a foreign client deletes the key', () => redis.command('DEL', key)],
      ['a foreign client overwrites the key', () => redis.command('SET', key, 'garbage')],
      [
        'a foreign client lets the key expire',
        async () => {
          await redis.command('PEXPIRE', key, 1);
          await eventually(async () => (await redis.command('EXISTS', key)) === 0, { what: 'the key is gone' });
        },
      ],
      ['a foreign client renames the key', () => redis.command('RENAME', key, 'elsewhere')],
      ['everything is flushed', () => redis.command('FLUSHALL')],
      ['the database is flushed', () => redis.command('FLUSHDB')],
    ];
    it.each(foreign)('%s', async (_what, change) => {
      const instance = await holding();
      await change();
      await eventually(() => held(instance) === undefined, { what: 'the copy is dropped' });
      expect(await instance.manager.getOrSet('k', () => 'new', OPTIONS)).toBe('new');
    });

    it.each<[string, (other: CacheInstance) => Promise<unknown>]>([
      ['deletes the key', ({ manager }) => manager.delete('k', { namespace: 'ns' })],
      ['sets the key', ({ manager }) => manager.set('k', 'new', OPTIONS)],
      ['invalidates the tag', ({ manager }) => manager.invalidateByTag('t')],
      ['invalidates the pattern', ({ manager }) => manager.invalidatePattern('*', { namespace: 'ns' })],
      ['clears the namespace', ({ manager }) => manager.clear('ns')],
      ['clears everything', ({ manager }) => manager.clear()],
    ])('another process %s', async (_what, invalidate) => {
      const instance = await holding();
      const other = await start({ l1: false });
      await invalidate(other);
      expect(await instance.near?.catchUp()).toBe(true); // one message
      expect(held(instance)).toBeUndefined();
      expect(await instance.manager.getOrSet('k', () => 'new', OPTIONS)).toBe('new');
    });
  });

  describe('is not served blind when', () => {
    /** What happens to the line, and whether it can be seen at once. */
    const losses: [string, () => Promise<unknown>][] = [
      ['the connection that tells is killed', () => redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')],
      ['all connections are killed', () => redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')],
      ['Redis is killed', () => redis.kill()],
    ];
    it.each(losses)('%s', async (_what, lose) => {
      const instance = await holding({ coherence: { pingInterval: 50, pingTimeout: 500 } });
      let losses = 0;
      instance.near?.store.listen((heard) => (losses += heard === 'everything' ? 1 : 0));
      await lose();
      await eventually(() => losses > 0, { what: 'the loss is noticed' });
      if (!redis.running) await redis.restart();
      await coherent(instance);
      expect(held(instance)).toBeUndefined();
      expect(await instance.manager.getOrSet('k', () => 'v', OPTIONS)).toBe('v');
    });

    it('nothing is heard any more, and no connection is lost: a ping finds out', async () => {
      const proxy = await RedisEnv.proxy(redis);
      const instance = await holding({
        redis: { host: proxy.host, port: proxy.port, commandTimeout: 100 },
        coherence: { pingInterval: 20, pingTimeout: 100 },
      });
      proxy.freeze();
      await redis.command('DEL', `${PREFIX}ns|k`);
      await eventually(() => held(instance) === undefined, { what: 'the copy is not served' });
      expect(instance.near?.coherence).toBe('deaf');
      expect(await instance.manager.getOrSet('k', () => 'new', OPTIONS)).toBe('new');
      proxy.heal();
      await coherent(instance);
      await proxy.stop();
    });
  });

  describe('where the user may not track', () => {
    const plain = { username: 'plain', password: 'secret' };
    const setUser = (...rules: string[]): Promise<unknown> =>
      redis.command('ACL', 'SETUSER', 'plain', 'reset', 'on', '>secret', '~*', '+@all', '-client|tracking', ...rules);
    const bounded = async (options: CacheOptions = {}): Promise<CacheInstance> => {
      const instance = await start({ ...options, redis: plain });
      await eventually(() => instance.near?.coherence === 'bounded', { what: 'the processes tell each other' });
      return instance;
    };
    const hold = async (instance: CacheInstance, value = 'v'): Promise<void> => {
      await eventually(
        async () => {
          await instance.manager.getOrSet('k', () => value, OPTIONS);
          return held(instance) === value;
        },
        { what: 'the value is held' },
      );
    };
    // Longer than any test: what is dropped was told.
    const long = { coherence: { boundedTtl: 600 } };

    beforeEach(() => setUser('&*'));
    afterEach(() => redis.command('ACL', 'DELUSER', 'plain'));

    it.each<[string, (other: CacheInstance) => Promise<unknown>]>([
      ['deletes the key', ({ manager }) => manager.delete('k', { namespace: 'ns' })],
      ['sets the key', ({ manager }) => manager.set('k', 'new', OPTIONS)],
      ['puts the key', ({ manager }) => manager.put('k', () => 'new', OPTIONS)],
      ['invalidates the tag', ({ manager }) => manager.invalidateByTag('t')],
      ['invalidates the pattern', ({ manager }) => manager.invalidatePattern('*', { namespace: 'ns' })],
      ['clears the namespace', ({ manager }) => manager.clear('ns')],
      [
        'deletes more keys than a message may name',
        ({ manager }) =>
          manager.invalidate({ namespace: 'ns', keys: ['k', ...Array.from({ length: 2_000 }, (_, i) => `x${i}`)] }),
      ],
    ])('the processes tell each other: another %s', async (_what, invalidate) => {
      const [instance, other] = [await bounded(long), await bounded(long)];
      await hold(instance);
      await invalidate(other);
      await eventually(() => held(instance) === undefined, { what: 'the copy is dropped' });
      expect(await instance.manager.getOrSet('k', () => 'new', OPTIONS)).toBe('new');
    });

    it('an entry is held for a short time only, in case somebody else changes it; health says so', async () => {
      const instance = await bounded({ coherence: { boundedTtl: '150ms' } });
      await hold(instance);
      await redis.command('SET', `${PREFIX}ns|k`, 'garbage');
      await eventually(() => held(instance) === undefined, { what: 'the time is over' });
      expect(await instance.manager.getOrSet('k', () => 'new', OPTIONS)).toBe('new');
      const health = await instance.health();
      expect(health).toMatchObject({ status: 'degraded', coherence: 'bounded' });
      expect(health.reasons.join()).toMatch(/NOPERM.*150 ms/);
      expect(await instance.manager.getStats()).toMatchObject({ coherence: 'bounded' });
    });

    it('nothing is served from here after the connection was lost, and again when it is back', async () => {
      const instance = await bounded(long);
      await hold(instance);
      await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await eventually(() => held(instance) === undefined, { what: 'the loss is noticed' });
      await eventually(() => instance.near?.coherence === 'bounded', { what: 'it is back' });
      await hold(instance);
    });

    it('a message that nobody of us can have sent drops everything', async () => {
      const instance = await bounded(long);
      for (const message of ['garbage', '{"ids":7}', '[]]', '{"ids":[1]}']) {
        await hold(instance);
        await redis.command('PUBLISH', `${PREFIX}~bus`, message);
        await eventually(() => held(instance) === undefined, { what: `${message} is heard` });
      }
    });

    it('is done without where the user may not publish or subscribe either, and says so', async () => {
      await setUser('resetchannels');
      const instance = await start({ redis: plain });
      await eventually(() => instance.near?.coherence === 'refused', { what: 'the refusal' });
      expect(instance.near?.refusal).toMatch(/NOPERM.*NOPERM/);
      await instance.manager.getOrSet('k', () => 'v', OPTIONS);
      expect(await instance.manager.getOrSet('k', () => 'other', OPTIONS)).toBe('v');
      expect(held(instance)).toBeUndefined();
    });

    it('is done without when nothing but every change is good enough', async () => {
      const instance = await start({ redis: plain, coherence: { boundedTtl: 0 } });
      await eventually(() => instance.near?.coherence === 'refused', { what: 'the refusal' });
      expect(instance.near?.refusal).toMatch(/^NOPERM[^;]*$/);
    });
  });

  it.each<['staleIfError' | 'staleWhileRevalidate', () => Promise<string>]>([
    ['staleIfError', async () => Promise.reject(new Error('the source is down'))],
    ['staleWhileRevalidate', async () => 'new'],
  ])('answers with a stale value where Redis cannot be asked (%s)', async (option, load) => {
    const options = { ...OPTIONS, ttl: '100ms' as const, [option]: 600 };
    const instance = await start({ coherence: { pingInterval: 600_000 }, redis: { commandTimeout: 250 } });
    await coherent(instance);
    await instance.manager.getOrSet('k', () => 'v', options);
    const entry = await eventually(
      async () => {
        await instance.manager.getOrSet('k', () => 'v', options);
        return instance.near?.store.peek('ns|k');
      },
      { what: 'the value is held' },
    );
    await eventually(() => (instance.near?.store.now() ?? 0) > entry.freshUntil, { what: 'its time is over' });
    redis.freeze();
    try {
      expect(await instance.manager.getOrSet('k', load, options)).toBe('v');
      await instance.manager.delete('k', { namespace: 'ns' }); // what was invalidated is never served
      const after = instance.manager.getOrSet('k', load, options).catch((error: unknown) => (error as Error).message);
      expect(await after).toBe(option === 'staleIfError' ? 'the source is down' : 'new');
    } finally {
      redis.thaw();
    }
  });

  it('is none with `l1: false`', async () => {
    const { near, manager } = await start({ l1: false });
    expect(near).toBeUndefined();
    await manager.getOrSet('k', () => 'v', OPTIONS);
    expect(await manager.getOrSet('k', () => 'other', OPTIONS)).toBe('v');
  });

  it('works with the client of the application, whatever it speaks, and leaves it open', async () => {
    const client = new Redis({ host: redis.host, port: redis.port });
    await client.ping(); // it is connected before the cache knows of it
    const instance = new CacheInstance({ redis: { client, keyPrefix: PREFIX } });
    instances.push(instance);
    await coherent(instance);
    await instance.close();
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  it('is done without where the client of the application cannot be duplicated, and says so', async () => {
    const client = new Redis({ host: redis.host, port: redis.port });
    await client.ping();
    const plain = new Proxy(client, {
      get: (target, name) => {
        if (name === 'duplicate') return undefined;
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const { near, manager } = new CacheInstance({ redis: { client: plain, keyPrefix: PREFIX, commandTimeout: 2_000 } });
    expect([near?.coherence, near?.refusal]).toEqual(['refused', 'the client has no duplicate()']);
    expect(await manager.getOrSet('k', () => 'v')).toBe('v');
    client.disconnect();
  });

  it('wakes who waits for the load of another process by the fill, not by a timer', async () => {
    const [here, there] = [await holding(), await holding()];
    let open: (value: string) => void = () => undefined;
    let reads = 0;
    const loading = there.manager.getOrSet('w', () => new Promise<string>((resolve) => (open = resolve)));
    await eventually(() => redis.command('EXISTS', `${PREFIX}w`).then((n) => n === 1), { what: 'the lease is taken' });
    const waiting = here.manager.getOrSet('w', () => 'own');
    await here.near?.catchUp();
    reads = (await commands()).mget ?? 0;
    open('theirs');
    expect(await Promise.all([loading, waiting])).toEqual(['theirs', 'theirs']);
    expect(((await commands()).mget ?? 0) - reads).toBeLessThan(10); // polling would have asked many times
  });
});
