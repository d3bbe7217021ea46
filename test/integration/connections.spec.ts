import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { KeyWalk } from '../../libs/cache/src/drivers/key-walk.js';
import { StoreUnavailableError } from '../../libs/cache/src/core/errors.js';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { RedisHandle } from '../../libs/cache/src/instance/redis-handle.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';

/** G12: what we open we close, what we hang on a client of yours we take off. */
describe('connections', () => {
  let redis: RedisProcess;
  const ends: (() => unknown)[] = [];

  function use(changes: RedisOptions = {}, options: CacheOptions = {}): CacheInstance {
    const { host, port } = redis;
    const instance = new CacheInstance({ ...options, redis: { host, port, commandTimeout: 2_000, ...changes } });
    ends.unshift(() => instance.close());
    return instance;
  }

  function clientOf(options: object = {}): Redis {
    const client = new Redis({ host: redis.host, port: redis.port, ...options });
    client.on('error', () => undefined);
    ends.push(() => client.disconnect());
    return client;
  }

  /** Without the one that asks. */
  const openConnections = async (): Promise<number> =>
    String(await redis.command('CLIENT', 'LIST'))
      .trim()
      .split('\n').length - 1;

  const allClosed = (): Promise<unknown> =>
    eventually(async () => (await openConnections()) === 0, { what: 'all connections are closed' });

  beforeAll(async () => {
    redis = await RedisEnv.process();
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    if (!redis.running) await redis.restart();
  });
  afterAll(() => redis.stop());

  it('a client that was given is as it was when the cache is closed', async () => {
    const client = clientOf();
    const listeners = (): unknown => client.eventNames().map((name) => [name, client.listenerCount(name)]);
    await client.ping();
    const before = listeners();
    const instance = use({ client });
    await instance.connect();
    await instance.manager.set('k', 1);
    await instance.close();
    expect(listeners()).toEqual(before);
    expect(await client.ping()).toBe('PONG');
  });

  it('a client that answers numbers as text is refused', () => {
    const client = clientOf({ stringNumbers: true });
    expect(() => use({ client })).toThrow(/redis\.client: expected a client without stringNumbers/);
  });

  it.each([{ l1: false }, {}] as const)(
    'a database that there is not is never stood in for by another one, with %j',
    async (l1) => {
      const instance = use({ db: 99, keyPrefix: 'misplaced:' }, l1);
      await expect(instance.connect()).rejects.toThrow(/DB index is out of range/);
      expect(await instance.manager.set('k', 1)).toBe(false);
      expect(await instance.manager.getOrSet('k', () => 2)).toBe(2);
      expect(await redis.command('KEYS', 'misplaced:*')).toEqual([]);
      expect(await instance.health()).toMatchObject({
        status: 'down',
        reasons: expect.arrayContaining([expect.stringContaining('DB index is out of range')]) as unknown,
      });
    },
  );

  it('a cache that is closed before its client connects opens nothing when it does', async () => {
    await allClosed(); // those of the tests before
    const client = clientOf({ lazyConnect: true });
    const instance = use({ client });
    await instance.close();
    await client.connect();
    expect(await client.ping()).toBe('PONG');
    expect(await openConnections()).toBe(1);
  });

  it('quit() closes all there is, and connect() begins anew', async () => {
    const { connection, near, manager } = use({ pool: 1 });
    const handle = new RedisHandle(connection);
    const told: string[] = [];
    connection?.events.on('lost', () => void told.push('lost'));
    await handle.connect();
    await near?.ready();
    await handle.blocking((client) => client.ping());
    await handle.quit();
    expect(handle.status).toBe('end');
    await allClosed();
    await expect(handle.blocking((client) => client.ping())).rejects.toBeInstanceOf(StoreUnavailableError);

    await handle.connect();
    await near?.ready();
    expect(await handle.blocking((client) => client.ping())).toBe('PONG');
    expect(await manager.set('k', 1)).toBe(true);
    expect(near?.coherence).toBe('coherent');
    expect(told).toEqual([]);
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await eventually(() => told.length === 1, { what: 'the loss is told' });
  });

  it('quit() and connect() on a client that was given', async () => {
    const { connection, near, manager } = use({ client: clientOf() });
    const handle = new RedisHandle(connection);
    await handle.connect();
    await near?.ready();
    await handle.quit();
    expect(near?.coherence).toBe('deaf');
    await handle.connect();
    await near?.ready();
    expect(near?.coherence).toBe('coherent');
    expect(await manager.set('k', 1)).toBe(true);
  });

  it('one that falls silent before it hears anything is given up for another', async () => {
    const silent: Socket[] = [];
    const server = createServer((socket) => {
      if (silent.push(socket) === 1) return; // as if its packets were lost
      const there = connect({ host: redis.host, port: redis.port });
      socket.on('error', () => there.destroy()).pipe(there);
      there.on('error', () => socket.destroy()).pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = clientOf();
    const duplicate = client.duplicate.bind(client);
    jest.spyOn(client, 'duplicate').mockImplementation((override) => duplicate({ ...override, port }));
    const { near } = use({ client });
    await eventually(() => near?.coherence === 'coherent', { what: 'another connection hears' });
    expect(silent.length).toBeGreaterThan(1);
    near?.stop();
    for (const socket of silent) socket.destroy();
    server.close();
  }, 30_000);

  it('a server that is crowded at the moment is asked again', async () => {
    const client = clientOf({ enableReadyCheck: false, disableClientInfo: true, protocol: 2 });
    await client.ping();
    await client.config('SET', 'maxclients', 1);
    const { near } = use({ client });
    await near?.ready();
    expect(near?.coherence).toBe('deaf');
    await client.config('SET', 'maxclients', 1_000);
    await eventually(() => near?.coherence === 'coherent', { what: 'changes are heard' });
  });

  it('a walk over the keys that is carried over to another server begins again', async () => {
    const other = await RedisEnv.process();
    const proxy = await RedisEnv.proxy(redis);
    ends.push(
      () => other.stop(),
      () => proxy.stop(),
    );
    const keys = Array.from({ length: 5_000 }, (_, i) => `walk:${i}`);
    for (const server of [redis, other]) await server.command('MSET', ...keys.flatMap((key) => [key, 1]));
    const client = clientOf({ port: proxy.port });
    const { connection } = use({ client }, { l1: false });
    await connection?.connect();
    const seen = new Set<string>();
    let turned = false;
    await new KeyWalk(connection!).visitAll('walk:*', async (page) => {
      if (turned) for (const key of page) seen.add(key);
      else if ((turned = page.length > 0)) {
        const ready = new Promise((resolve) => client.once('ready', resolve));
        proxy.turnTo(other);
        await ready;
      }
    });
    expect(seen.size).toBe(keys.length);
    await redis.command('FLUSHALL');
  });

  it.each([
    [{ cluster: ['localhost'] }, 'redis.cluster[]: expected an object'],
    [{ cluster: [{ port: 7_000 }] }, 'redis.cluster[].host: expected a name or an address'],
    [{ sentinels: [null], name: 'main' }, 'redis.sentinels[]: expected an object'],
    [{ tls: 'yes' }, 'redis.tls: expected true, false or the options of node:tls'],
    [{ client: null }, 'redis.client: expected a Redis or Cluster'],
  ])('cannot be made of %j', (options, problem) => {
    expect(() => use(options as RedisOptions)).toThrow(problem);
  });

  it('quit() while Redis is away, connect() when it is back', async () => {
    const handle = new RedisHandle(use().connection);
    await handle.connect();
    await redis.kill();
    await eventually(() => handle.status === 'reconnecting', { what: 'it is trying again' });
    await handle.quit();
    await redis.restart();
    await handle.connect();
    expect(await handle.ping()).toBe(true);
  });

  it('who waits for a connection that blocks does not wait for ever', async () => {
    const handle = new RedisHandle(use({ pool: 1 }).connection);
    await handle.connect();
    const lent = handle.blocking((client) => client.blpop('no-such-list', 0));
    const waiting = handle.blocking((client) => client.ping());
    const outcomes = Promise.allSettled([lent, waiting]);
    await handle.quit();
    expect(await outcomes).toMatchObject([
      { status: 'rejected' },
      { status: 'rejected', reason: { code: 'CACHE_STORE_UNAVAILABLE' } },
    ]);
    await allClosed();
  });

  it('the clock of a client that is connected already is compared before anything is timed by it', async () => {
    const client = clientOf();
    await client.ping();
    const wrong = jest.spyOn(Date, 'now').mockReturnValue(0);
    try {
      const { connection } = use({ client }, { l1: false });
      await connection?.connect();
      const [seconds] = await client.time();
      expect(Math.abs((connection?.serverNow() ?? 0) / 1_000 - Number(seconds))).toBeLessThan(10);
    } finally {
      wrong.mockRestore();
    }
  });
});
