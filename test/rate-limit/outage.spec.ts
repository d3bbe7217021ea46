import type { RateLimitDecision, RateLimitPolicy } from '@mobius1/cache';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';

/** G15: a store failure is not a denial. */
describe('when Redis fails, a limit', () => {
  const policy = { name: 'local', limit: 10, window: '1h' } satisfies RateLimitPolicy;
  const open = { ...policy, name: 'open', onOutage: 'open' } satisfies RateLimitPolicy;
  const closed = { ...policy, name: 'closed', onOutage: 'closed' } satisfies RateLimitPolicy;
  const slots = { name: 'slots', limit: 1, algorithm: 'concurrency' } satisfies RateLimitPolicy;
  let redis: RedisProcess;
  let cache: CacheInstance;
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);

  beforeAll(async () => {
    process.on('unhandledRejection', note);
    redis = await RedisEnv.process();
  });
  beforeEach(async () => {
    const { host, port } = redis;
    // More patient than the default: a machine that pauses must not look like an outage.
    cache = new CacheInstance({ redis: { host, port, keyPrefix: 'outage:' }, rateLimit: { timeout: 800 }, l1: false });
    await cache.connect();
    await redis.command('FLUSHALL');
  });
  afterEach(() => cache.close());
  afterAll(async () => {
    await redis.stop();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  const left = ({ results }: RateLimitDecision): (number | undefined)[] => results.map(({ remaining }) => remaining);
  const check = (...policies: RateLimitPolicy[]): Promise<RateLimitDecision> => cache.limits.check('k', policies);
  const backToRedis = (): Promise<unknown> =>
    eventually(async () => (await cache.limits.peek('k', policy)).source === 'redis', {
      what: 'decisions of Redis again',
    });

  it('decides as its policy says: in this process, yes, or no with a mark', async () => {
    await check(policy, open, closed);
    redis.freeze();
    try {
      expect(await check(policy)).toMatchObject({ allowed: true, source: 'local', results: [{ remaining: 9 }] });
      expect(await check(open)).toMatchObject({ allowed: true, source: 'open' });
      const denied = await check(policy, open, closed);
      expect(denied).toMatchObject({ allowed: false, unavailable: true, source: 'closed' });
      expect(denied.retryAfterMs).toBeUndefined();
      expect(denied.results.map(({ allowed, unavailable }) => [allowed, unavailable])).toEqual([
        [true, false],
        [true, false],
        [false, true],
      ]);
      expect(await check({ ...closed, shadow: true })).toMatchObject({ allowed: true, unavailable: false });
      for (let i = 0; i < 9; i++) expect((await check(policy, open)).allowed).toBe(true);
      expect(await check(policy, open)).toMatchObject({ allowed: false, unavailable: false, source: 'local' });
      expect((await cache.limits.peek('k', policy)).results[0]).toMatchObject({ source: 'local', remaining: 0 });
    } finally {
      redis.thaw();
    }
    await backToRedis();
    expect(cache.limits.getStats().outages).toBeGreaterThan(10);
  });

  it('is not charged late: what waited in a frozen Redis counts nothing when it thaws', async () => {
    await check(policy);
    redis.freeze();
    try {
      const sources = await Promise.all(Array.from({ length: 8 }, async () => (await check(policy)).source));
      expect(new Set(sources)).toEqual(new Set(['local']));
    } finally {
      redis.thaw();
    }
    await backToRedis();
    expect(left(await cache.limits.peek('k', policy))).toEqual([9]);
  });

  it('goes on with an empty Redis, and without being restarted', async () => {
    for (let i = 0; i < 10; i++) await check(policy);
    await redis.kill();
    await eventually(() => cache.connection?.ready === false, { what: 'that the connection is lost' });
    expect((await check(policy)).source).toBe('local');
    await redis.restart();
    await backToRedis();
    expect(await check(policy)).toMatchObject({ allowed: true, source: 'redis', results: [{ remaining: 9 }] });
  });

  it('of slots and tokens is given back to where it was taken', async () => {
    const before = await cache.limits.reserve('k', policy, 8);
    const held = await cache.limits.acquire('k', slots);
    expect([before.allowed, held.allowed]).toEqual([true, true]);
    redis.freeze();
    try {
      const [reservation, slot] = [await cache.limits.reserve('k', policy, 8), await cache.limits.acquire('k', slots)];
      expect([reservation.decision.source, slot.decision.source]).toEqual(['local', 'local']);
      expect((await cache.limits.acquire('k', slots)).allowed).toBe(false);
      await slot.release();
      expect((await cache.limits.acquire('k', slots)).allowed).toBe(true);
      expect(await reservation.commit(2)).toEqual({ charged: 2, settled: true });
      expect(left(await cache.limits.peek('k', policy))).toEqual([8]);
      // Redis cannot be told: the estimate stands until it can.
      expect(await before.commit(3)).toEqual({ charged: 8, settled: false });
      await held.release();
    } finally {
      redis.thaw();
    }
    await backToRedis();
    await before.commit(3);
    await eventually(async () => left(await cache.limits.peek('k', policy))[0] === 7, { what: 'the settlement' });
  });

  it('of Redis that is there but refuses is decided the same way', async () => {
    await check(policy);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    expect((await check(policy)).source).toBe('local');
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    expect((await check(policy)).source).toBe('redis');
  });

  it('that Redis may evict is a reason of health, once there are limits', async () => {
    const evictable = async (): Promise<boolean> => /rate limits may be/.test((await cache.health()).reasons.join());
    await redis.command('CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    expect(await evictable()).toBe(false);
    await check(policy);
    expect(await evictable()).toBe(true);
    await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    expect(await evictable()).toBe(false);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
  });

  it('without a connection from the start is decided the same way', async () => {
    const lonely = new CacheInstance({ redis: { host: '127.0.0.1', port: 1 } });
    expect(await lonely.limits.check('k', policy)).toMatchObject({ allowed: true, source: 'local' });
    expect(await lonely.limits.check('k', closed)).toMatchObject({ allowed: false, unavailable: true });
    await lonely.close();
  });
});
