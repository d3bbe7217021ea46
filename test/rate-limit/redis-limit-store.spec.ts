import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { RateLimitPolicy } from '@mobius1/cache';
import { describeLimitStore } from '@mobius1/cache/testing';
import { systemClock } from '@mobius1/kernel';
import { RedisLimitStore } from '../../libs/cache/src/drivers/limits/redis-limit-store.js';
import { RedisConnection } from '../../libs/cache/src/drivers/redis-connection.js';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { redisOptions } from '../support/cache.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { RedisEnv } from '../support/redis-env.js';
import { serverTime } from '../support/server-time.js';

async function open() {
  const { keyPrefix: prefix = '', ...options } = redisOptions();
  const connection = new RedisConnection(options);
  await connection.connect();
  const store = new RedisLimitStore(connection, { prefix, timeout: 10_000 });
  return { store, connection, prefix, close: () => connection.quit() };
}

describeLimitStore('redis', async () => {
  const { store, connection, close } = await open();
  const advance = (ms: number): Promise<void> => serverTime(() => connection.serverNow(), ms);
  return { store, advance, close };
});

describe('limits in Redis', () => {
  let cache: CacheInstance;
  let raw: Redis;
  let prefix: string;

  beforeEach(async () => {
    const redis = redisOptions();
    cache = new CacheInstance({ redis, rateLimit: { timeout: 10_000 } });
    await cache.connect();
    raw = cache.connection?.client as unknown as Redis;
    prefix = `rl:${redis.keyPrefix ?? ''}`;
  });
  afterEach(async () => {
    const keys = await raw.keys(`${prefix}*`);
    if (keys.length > 0) await raw.del(...keys);
    await cache.close();
  });

  /** Scripts that this process sends while `work` runs. */
  async function scriptsOf(work: () => Promise<unknown>): Promise<string[]> {
    const sent = jest.spyOn(raw, 'sendCommand');
    try {
      await work();
      return sent.mock.calls.map(([{ name }]) => name).filter((name) => name.startsWith('eval'));
    } finally {
      sent.mockRestore();
    }
  }

  const everyKind: readonly RateLimitPolicy[] = [
    { name: 'log', limit: 5, window: 60 },
    { name: 'segments', limit: 50_000, window: 60 },
    { name: 'bucket', limit: 5, window: 60, algorithm: 'token-bucket' },
    { name: 'fixed', limit: 5, window: 60, algorithm: 'fixed-window' },
    { name: 'month', limit: 5, algorithm: 'calendar', per: 'month', timeZone: 'Asia/Kathmandu' },
    { name: 'slots', limit: 5, algorithm: 'concurrency' },
  ];

  it('have a time to live, every one of them, and lie apart from the entries of the cache', async () => {
    const policies = everyKind.map((policy) => ({ ...policy, block: 60 }));
    await cache.limits.reserve('user:{1}', everyKind.slice(0, 5), 1);
    await cache.limits.acquire('user:{1}', policies);
    await cache.limits.acquire('user:{1}', policies, { cost: 5 });
    await cache.limits.block('user:{1}', 60);
    const keys = await raw.keys(`${prefix}*`);
    expect(keys.filter((key) => key.startsWith(`${prefix}{user:%7B1%7D}:`))).toHaveLength(8);
    for (const key of keys) expect([key, await raw.pttl(key)]).toEqual([key, expect.any(Number)]);
    for (const key of keys) expect(await raw.pttl(key)).toBeGreaterThan(0);
    // Of windows of a minute, and none lives much longer than its window.
    const states = keys.filter((key) => /:(log|segments|bucket|fixed):/.test(key));
    expect(states).toHaveLength(4);
    for (const key of states) expect(await raw.pttl(key)).toBeLessThanOrEqual(76_000);
    const month = keys.find((key) => key.includes(':month:')) ?? '';
    expect(await raw.pttl(month)).toBeLessThanOrEqual(31 * 86_400_000 + 1_000);
    expect(await raw.keys(`${prefix.slice(3)}*`)).toEqual([]);
    await cache.manager.clear();
    expect(await raw.keys(`${prefix}*`)).toHaveLength(keys.length);
  });

  it('are asked nothing of a policy in the shadow that can never be met', async () => {
    const never = { name: 'never', limit: 0, window: 60, shadow: true } satisfies RateLimitPolicy;
    const check = async (): Promise<void> => {
      expect(await cache.limits.check('k', never)).toMatchObject({ allowed: true, source: 'unsatisfiable' });
    };
    expect(await scriptsOf(check)).toEqual([]);
    expect(cache.limits.getStats().outages).toBe(0);
  });

  it('cost one round trip a decision, however many policies and keys there are', async () => {
    const targets = ['ip', 'user', 'workspace'].flatMap((key) =>
      everyKind.slice(0, 5).map((policy) => ({ key, policy })),
    );
    await cache.limits.check(targets);
    expect(await scriptsOf(() => cache.limits.check(targets))).toEqual(['evalsha']);
  });

  it('cost nothing for a key that is known to be denied, until it may pass again', async () => {
    const policy = { limit: 4, window: '2s' } satisfies RateLimitPolicy;
    await cache.limits.check('k', policy, { cost: 4 });
    const denied = await cache.limits.check('k', policy, { cost: 2 });
    expect(denied).toMatchObject({ allowed: false, source: 'redis' });
    const hammer = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        const again = await cache.limits.check('k', policy, { cost: 2 + (i % 3) });
        expect(again).toMatchObject({ allowed: false, source: 'deny-cache', results: [{ remaining: 0 }] });
        expect(again.retryAfterMs).toBeLessThanOrEqual(denied.retryAfterMs ?? 0);
      }
    };
    expect(await scriptsOf(hammer)).toEqual([]);
    // Of less it is not known.
    expect(await cache.limits.check('k', policy)).toMatchObject({ allowed: false, source: 'redis' });
    expect(await cache.limits.check('other', policy)).toMatchObject({ allowed: true });
    expect(await cache.limits.check('k', { ...policy, limit: 6 }, { cost: 2 })).toMatchObject({ allowed: true });
    const passes = async (): Promise<boolean> => (await cache.limits.check('k', policy, { cost: 2 })).allowed;
    await eventually(passes, { what: 'that it may pass again' });
  });

  it('are asked again after a reset, and after what was reserved is given back', async () => {
    const policy = { limit: 2, window: '1h' } satisfies RateLimitPolicy;
    const reservation = await cache.limits.reserve('k', policy, 2);
    expect((await cache.limits.check('k', policy)).allowed).toBe(false);
    await reservation.release();
    expect((await cache.limits.check('k', policy, { cost: 2 })).allowed).toBe(true);
    expect((await cache.limits.check('k', policy)).allowed).toBe(false);
    await cache.limits.reset('k', policy);
    expect((await cache.limits.check('k', policy)).allowed).toBe(true);
    await cache.limits.block('k', '1h');
    expect((await cache.limits.check('k', policy)).results[0]).toMatchObject({ allowed: false, blocked: true });
    await cache.limits.unblock('k');
    expect((await cache.limits.check('k', policy)).allowed).toBe(true);
  });

  it('are asked again after a reset and an unblock that overtook what a denial was told', async () => {
    const policy = { limit: 1, window: '1h' } satisfies RateLimitPolicy;
    await cache.limits.check('k', policy);
    const [denied] = await Promise.all([cache.limits.check('k', policy), cache.limits.reset('k', policy)]);
    expect(denied.allowed).toBe(false);
    expect((await cache.limits.check('k', policy)).allowed).toBe(true);
    await cache.limits.block('other', '1h');
    const [blocked] = await Promise.all([cache.limits.check('other', policy), cache.limits.unblock('other')]);
    expect(blocked.allowed).toBe(false);
    expect((await cache.limits.check('other', policy)).allowed).toBe(true);
  });

  it('believe a denial for a bounded time: a reset in another process is noticed', async () => {
    const redis = redisOptions();
    const [here, there] = [100, undefined].map(
      (ms) =>
        new CacheInstance({ redis, rateLimit: { timeout: 10_000, ...(ms ? { denyCacheTtl: '100ms' as const } : {}) } }),
    ) as [CacheInstance, CacheInstance];
    await Promise.all([here.connect(), there.connect()]);
    const policy = { limit: 1, window: '1h' } satisfies RateLimitPolicy;
    await here.limits.check('k', policy);
    expect((await here.limits.check('k', policy)).allowed).toBe(false);
    await there.limits.reset('k', policy);
    await eventually(async () => (await here.limits.check('k', policy)).allowed, {
      what: 'that it passes',
      timeoutMs: 5_000,
    });
    await Promise.all([here.close(), there.close()]);
  });

  it.each(everyKind.map((policy) => [policy.name ?? '', policy] as const))(
    'replace what somebody else has put in their place: %s',
    async (_name, policy) => {
      const acquire = async (): Promise<boolean> => (await cache.limits.acquire('k', policy)).allowed;
      await acquire();
      const [key = ''] = await raw.keys(`${prefix}*`);
      for (const spoil of [
        () => raw.del(key).then(() => raw.rpush(key, 'a list')),
        () => raw.del(key).then(() => raw.hset(key, 'a', 'hash')),
        () => raw.set(key, 'a text that is longer than any header of ours would ever be, and means nothing'),
        () => raw.set(key, ''),
      ]) {
        await spoil();
        expect(await acquire()).toBe(true);
        expect(await raw.pttl(key)).toBeGreaterThan(0);
        expect(cache.limits.getStats().outages).toBe(0);
      }
      await raw.set(`${prefix}{k}:!`, 'no hash');
      expect(await acquire()).toBe(true);
    },
  );

  it('survive SCRIPT FLUSH, and start anew in an empty Redis', async () => {
    const server = await RedisEnv.process(); // of its own: others must not have their scripts forgotten
    const own = new CacheInstance({ redis: redisOptions({ url: server.url }), rateLimit: { timeout: 10_000 } });
    try {
      await own.connect();
      const policy = { limit: 2, window: 60 } satisfies RateLimitPolicy;
      await own.limits.check('k', policy);
      await server.command('SCRIPT', 'FLUSH');
      expect((await own.limits.check('k', policy)).results[0]).toMatchObject({ source: 'redis', remaining: 0 });
      await server.command('FLUSHALL');
      expect((await own.limits.check('other', policy)).results[0]).toMatchObject({ source: 'redis', remaining: 1 });
    } finally {
      await own.close();
      await server.stop();
    }
  });

  it('do not depend on the clock of this process', async () => {
    for (const hours of [-1, 1]) {
      const skewed = { ...systemClock, now: () => Date.now() + hours * 3_600_000 };
      const other = new CacheInstance({ redis: redisOptions(), rateLimit: { timeout: 10_000 } }, skewed);
      await other.connect();
      for (const policy of everyKind.slice(0, 5)) {
        const few = { ...policy, limit: 2 };
        for (const allowed of [true, true, false]) {
          expect(await other.limits.check('k', few)).toMatchObject({ allowed, source: 'redis' });
        }
      }
      await other.close();
    }
  });

  it('of slots come back when their process is gone', async () => {
    const policy = { algorithm: 'concurrency', limit: 1, window: '2s' } satisfies RateLimitPolicy;
    const worker = await Program.start('test/rate-limit/limit-worker.ts', {
      TEST_REDIS_URL: process.env.TEST_REDIS_URL ?? '',
      PREFIX: prefix.slice(3),
    });
    expect(await worker.call('acquire', 'k', policy)).toBe(true);
    const acquire = async (): Promise<boolean> => (await cache.limits.acquire('k', policy)).allowed;
    // It renews while it lives: for longer than the slot would last, of which it may miss more than half a second.
    const until = Date.now() + 3_000;
    while (Date.now() < until) {
      expect(await acquire()).toBe(false);
      await wait(50);
    }
    await worker.kill();
    await eventually(acquire, { what: 'the slot of the process that died' });
  });

  it('let exactly 1,000 of 4,000 pass that 8 processes want at the same time (G13)', async () => {
    const env = { TEST_REDIS_URL: process.env.TEST_REDIS_URL ?? '', PREFIX: prefix.slice(3) };
    const workers = await Promise.all(
      Array.from({ length: 8 }, () => Program.start('test/rate-limit/limit-worker.ts', env)),
    );
    const policy = { limit: 1_000, window: '10m' } satisfies RateLimitPolicy;
    const passed = await Promise.all(workers.map((worker) => worker.call('hit', 'k', policy, 500)));
    await Promise.all(workers.map((worker) => worker.kill()));
    expect(passed.reduce<number>((sum, one) => sum + Number(one), 0)).toBe(1_000);
  }, 60_000);
});
