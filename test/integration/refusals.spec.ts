import { inspect } from 'node:util';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';
import type { RefusalKind } from '../../libs/cache/src/drivers/refusals.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';

/** G10: whatever Redis refuses is a named state in health, and never an error of a read. */
describe('a Redis that answers and refuses', () => {
  let redis: RedisProcess;
  const instances: CacheInstance[] = [];

  async function use(changes: RedisOptions = {}, server = redis, options: CacheOptions = {}): Promise<CacheInstance> {
    const { host, port } = server;
    const place = { host, port, keyPrefix: 'r:', commandTimeout: 2_000 };
    const instance = new CacheInstance({ ...options, redis: { ...place, ...changes } });
    instances.push(instance);
    await instance.connect().catch(() => undefined);
    return instance;
  }

  /** Everything that a caller does works, and health names the state. */
  async function works({ manager }: CacheInstance): Promise<void> {
    const options = { ttl: 60, tags: ['t'] };
    expect(await manager.getOrSet('k', () => 'loaded', options)).toBe('loaded');
    expect(await manager.getOrSetMany(['a', 'b'], (keys) => keys, options)).toEqual(['a', 'b']);
    await manager.get('k');
    await manager.set('s', 1, options);
    expect(await manager.put('p', () => 2, options)).toBe(2);
    await manager.delete('k');
    await manager.invalidateByTag('t');
    await manager.invalidatePattern('x*');
  }

  const named = async (instance: CacheInstance, kind: RefusalKind): Promise<void> => {
    const health = await eventually(
      async () => {
        const now = await instance.health();
        return now.status === 'degraded' && now.refused?.includes(kind) ? now : undefined;
      },
      { what: `health names ${kind}` },
    );
    expect(health.reasons.join('\n')).not.toMatch(/secret|loaded/);
  };

  beforeAll(async () => {
    redis = await RedisEnv.process();
  });
  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.close()));
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await redis.command('FLUSHALL');
  });
  afterAll(() => redis.stop());

  it('because it is a replica (READONLY)', async () => {
    const instance = await use();
    await redis.command('REPLICAOF', redis.host, '1');
    await works(instance);
    await named(instance, 'read-only');
    await redis.command('REPLICAOF', 'NO', 'ONE');
    await eventually(async () => instance.manager.set('k', 1), { what: 'it stores again' });
  });

  it('because it takes no writes (NOREPLICAS): what is invalidated is not served by this process, reads or not (G2, G11)', async () => {
    const { manager, near, engine } = await use();
    await eventually(() => near?.coherence === 'coherent', { what: 'changes are heard' });
    const keys = ['deleted', 'tagged', 'of-pattern', 'set'];
    for (const key of keys) await manager.getOrSet(key, () => 'old', { ttl: 60, tags: [`tag-${key}`] });
    await near?.catchUp();
    for (const key of keys) await manager.getOrSet(key, () => 'unread', { tags: [`tag-${key}`] });
    expect(near?.facts).toMatchObject({ coherence: 'coherent', entries: keys.length });
    await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    try {
      await manager.delete('something'); // from now on nothing else is even tried before this is told
      await manager.delete('deleted');
      await manager.invalidateByTag('tag-tagged');
      await manager.invalidatePattern('of-*');
      await manager.set('set', 'new');
      const read = (key: string): Promise<string> => manager.getOrSet(key, () => 'loaded');
      expect(await Promise.all(keys.map(read))).toEqual(keys.map(() => 'loaded'));
      expect(await manager.getMany(keys)).toEqual(keys.map(() => undefined));
      expect(engine.remembered).toBeGreaterThanOrEqual(5);
    } finally {
      await redis.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    }
    await eventually(() => engine.remembered === 0, { what: 'what was refused is told' });
    expect(await manager.getMany(keys)).toEqual(keys.map(() => undefined));
  });

  it('because it is full (OOM)', async () => {
    const instance = await use();
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1');
    await works(instance);
    await named(instance, 'full');
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await eventually(async () => instance.manager.set('k', 1), { what: 'it stores again' });
  });

  it.each([
    ['no password (NOAUTH)', {}],
    ['a wrong password (WRONGPASS)', { password: 'wrong' }],
  ])('because it was given %s', async (_what, given) => {
    const locked = await RedisEnv.process({ args: ['--requirepass', 'secret'] });
    try {
      const instance = await use(given, locked);
      await works(instance);
      await eventually(async () => (await instance.health()).refused?.includes('unauthenticated'), {
        what: 'the name',
      });
      expect((await instance.health()).status).not.toBe('up');
    } finally {
      await Promise.all(instances.splice(0).map((instance) => instance.close()));
      await locked.stop();
    }
  });

  it.each([
    ['scripts', ['-@scripting']],
    ['writes', ['-@write']],
    ['reads', ['-@read']],
    ['our keys', ['resetkeys', '~other:*']],
  ])('because the user has no right to %s (NOPERM)', async (_what, rules) => {
    await redis.command('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all', ...rules);
    const instance = await use({ username: 'app', password: 'secret' });
    await works(instance);
    await named(instance, 'forbidden');
    await redis.command('ACL', 'DELUSER', 'app');
  });

  it('scripts only: nobody waits for a lease that cannot be given back', async () => {
    const settings = { leaseTimeout: 600_000, waitTimeout: 600_000 }; // longer than this test
    const other = await use();
    await other.manager.getOrSet('any', () => 'draws the generations');
    await redis.command('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-@scripting');
    const { manager } = await use({ username: 'app', password: 'secret' }, redis, settings);
    expect(await manager.getOrSet('k', () => 'first')).toBe('first');
    expect(await manager.getOrSet('k', () => 'second')).toBe('second');
    await expect(manager.getOrSet('f', () => Promise.reject(new Error('from the load')))).rejects.toThrow('from the');
    expect(await manager.getOrSet('f', () => 'loaded')).toBe('loaded');
    await redis.command('ACL', 'DELUSER', 'app');
  });

  it.each([
    ['it is full', ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1']],
    ['it is a replica', ['REPLICAOF', '127.0.0.1', '1']],
  ] as const)('a counter because %s: that is no conflict', async (_what, [command, ...args]) => {
    const { manager } = await use();
    expect(await manager.increment('n')).toBe(1);
    await redis.command(command, ...args);
    await expect(manager.increment('n')).rejects.toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' });
  });

  it('because the user may not ask for INFO: health has less to say, and says so', async () => {
    await redis.command('ACL', 'SETUSER', 'app', 'reset', 'on', '>secret', '~*', '&*', '+@all', '-info');
    const instance = await use({ username: 'app', password: 'secret' });
    expect(await instance.health()).toMatchObject({ status: 'degraded', refused: ['forbidden'], memory: 0 });
    await redis.command('ACL', 'DELUSER', 'app');
  });

  it('and quotes what it was sent: no error tells keys or values (G9)', async () => {
    const tamed = await RedisEnv.process({ config: 'rename-command EVALSHA ""\nrename-command EVAL ""\n' });
    try {
      const { manager } = await use({}, tamed);
      const error: unknown = await manager.increment('user-4711').catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'CACHE_STORE_UNAVAILABLE',
        message: expect.stringMatching(/unknown command/),
      });
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('4711');
    } finally {
      await Promise.all(instances.splice(0).map((instance) => instance.close()));
      await tamed.stop();
    }
  });

  it.each(['EVALSHA', 'EVAL', 'MGET', 'SET', 'DEL', 'SCAN', 'CLIENT', 'TIME', 'INFO'])(
    'because %s was renamed, as managed services do',
    async (command) => {
      const config = `rename-command ${command} ""\n${command === 'EVALSHA' ? 'rename-command EVAL ""\n' : ''}`;
      const tamed = await RedisEnv.process({ config });
      try {
        const instance = await use({}, tamed);
        await works(instance);
        const health = await instance.health();
        if (['EVALSHA', 'MGET', 'SET', 'DEL', 'SCAN'].includes(command)) {
          expect(health).toMatchObject({ status: 'degraded', refused: expect.arrayContaining(['unknown-command']) });
        }
        expect(await instance.manager.getStats()).toBeDefined();
      } finally {
        await Promise.all(instances.splice(0).map((instance) => instance.close()));
        await tamed.stop();
      }
    },
  );

  it('because something else stands under the key (WRONGTYPE): it is replaced', async () => {
    const instance = await use();
    for (const key of ['r:k', 'r:p']) await redis.command('RPUSH', key, 'not ours');
    await works(instance);
    await redis.command('RPUSH', 'r:n', 'not ours');
    await expect(instance.manager.increment('n')).rejects.toMatchObject({ code: 'CACHE_COUNTER_CONFLICT' });
    expect(await instance.manager.getOrSet('k', () => 'new')).toBe('new');
    expect(await instance.manager.get('k')).toBe('new');
  });
});
