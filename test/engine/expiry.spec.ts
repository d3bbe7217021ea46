import fc from 'fast-check';
import type { Duration } from '@mobius1/kernel';
import { createCache, slowLoad } from './cache.js';

describe('a TTL', () => {
  it.each<[Duration, number]>([
    [60, 60_000],
    [0.5, 500],
    [1.5, 1_500],
    [0.0001, 1],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
  ])('of %p lasts %d milliseconds, not one more', async (ttl, ms) => {
    const { manager, clock } = createCache();
    await manager.set('set', 1, { ttl });
    await manager.getOrSet('loaded', () => 1, { ttl });
    await manager.getOrSet('by function', () => 1, { ttl: () => ttl });
    await manager.put('put', () => 1, { ttl });
    await manager.increment('counted', { ttl });
    const keys = ['set', 'loaded', 'by function', 'put', 'counted'];
    await clock.advance(ms - 1);
    expect(await manager.getMany(keys)).toEqual([1, 1, 1, 1, 1]);
    await clock.advance(1);
    expect(await manager.getMany(keys)).toEqual(keys.map(() => undefined));
  });

  it.each([0, -1, NaN, Infinity, -Infinity, 1e300, '', '5', '5 parsecs', 'forever', '-5m', null, true, {}, []])(
    'of %p is refused by every call, before anything is loaded or changed',
    async (ttl) => {
      const { manager } = createCache();
      await manager.set('k', 'before');
      const wrong = { ttl: ttl as Duration };
      const load = jest.fn(() => 'after');
      const refused = { code: 'INVALID_OPTIONS', message: expect.stringContaining('ttl') };
      await expect(manager.set('k', 'after', wrong)).rejects.toMatchObject(refused);
      await expect(manager.put('k', load, wrong)).rejects.toMatchObject(refused);
      await expect(manager.getOrSet('new', load, wrong)).rejects.toMatchObject(refused);
      await expect(manager.increment('n', wrong)).rejects.toMatchObject(refused);
      expect(() => manager.scoped(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }));
      expect(() => createCache({ defaultTtl: ttl as Duration })).toThrow(/defaultTtl/);
      expect(load).not.toHaveBeenCalled();
      expect(await manager.getMany(['k', 'new', 'n'])).toEqual(['before', undefined, undefined]);
    },
  );

  it('that a function returns wrongly leaves the value uncached, and tells why; the caller has its value', async () => {
    const { manager, told } = createCache();
    for (const ttl of [-1, NaN, 'soon' as Duration]) {
      expect(await manager.getOrSet('k', () => 'value', { ttl: () => ttl })).toBe('value');
    }
    const thrown = (): Duration => {
      throw new Error('no idea how long');
    };
    expect(await manager.getOrSet('k', () => 'value', { ttl: thrown })).toBe('value');
    expect(await manager.get('k')).toBeUndefined();
    const reasons = told('uncacheable').map(({ reason }) => reason);
    expect(reasons).toHaveLength(4);
    expect(reasons.slice(0, 3)).toEqual(Array(3).fill(expect.stringContaining('ttl')));
    expect(reasons[3]).toBe('no idea how long');
  });

  it('that a function returns is judged by the value', async () => {
    const { manager, clock } = createCache();
    const ttl = ({ found }: { found: boolean }): Duration => (found ? '1h' : '5s');
    await manager.getOrSet('there', () => ({ found: true }), { ttl });
    await manager.getOrSet('not there', () => ({ found: false }), { ttl });
    await clock.advance(5_000);
    expect(await manager.exists('there')).toBe(true);
    expect(await manager.exists('not there')).toBe(false);
  });

  it('is 5 minutes unless somebody says otherwise: the cache, the feature, the call', async () => {
    const plain = createCache();
    await plain.manager.set('k', 1);
    await plain.clock.advance(299_999);
    expect(await plain.manager.exists('k')).toBe(true);
    await plain.clock.advance(1);
    expect(await plain.manager.exists('k')).toBe(false);

    const { manager, clock } = createCache({ defaultTtl: '30s' });
    const feature = manager.scoped({ ttl: 20 });
    await manager.set('cache', 1);
    await feature.set('feature', 1);
    await feature.set('call', 1, { ttl: 10 });
    const alive = async (): Promise<boolean[]> =>
      Promise.all(['cache', 'feature', 'call'].map((key) => manager.exists(key)));
    await clock.advance(9_999);
    expect(await alive()).toEqual([true, true, true]);
    await clock.advance(1);
    expect(await alive()).toEqual([true, true, false]);
    await clock.advance(10_000);
    expect(await alive()).toEqual([true, false, false]);
    await clock.advance(10_000);
    expect(await alive()).toEqual([false, false, false]);
  });

  it('starts when the value is stored, not when its load began', async () => {
    const { manager, clock } = createCache();
    const call = manager.getOrSet('k', slowLoad(clock, 60_000, 1), { ttl: 10 });
    await clock.advance(60_000);
    await call;
    await clock.advance(9_999);
    expect(await manager.exists('k')).toBe(true);
  });

  it.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])('is not changed by a wall clock that is set %s', async (_, by) => {
    const { manager, clock } = createCache();
    await manager.set('k', 1, { ttl: 10 });
    clock.setWall(clock.now() + by);
    await clock.advance(9_999);
    expect(await manager.get('k')).toBe(1);
    await clock.advance(1);
    expect(await manager.get('k')).toBeUndefined();
  });

  it('begins anew with every write', async () => {
    const { manager, clock } = createCache();
    await manager.set('k', 1, { ttl: 10 });
    await clock.advance(5_000);
    await manager.set('k', 2, { ttl: 10 });
    await clock.advance(5_001);
    expect(await manager.get('k')).toBe(2);
    await clock.advance(4_999);
    expect(await manager.get('k')).toBeUndefined();
  });
});

describe('jitter', () => {
  /** The share of its TTL that each of many values got. */
  async function shares(jitter: number, seed: number, count = 200): Promise<number[]> {
    const { clock, manager } = createCache({ jitter }, seed);
    const ttlMs = 1_000_000;
    const keys = Array.from({ length: count }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => manager.set(key, 1, { ttl: ttlMs / 1_000 })));
    const died = new Map<string, number>();
    for (let at = 0; at < ttlMs + 10_000; at += 10_000) {
      for (const key of keys) if (!died.has(key) && !(await manager.exists(key))) died.set(key, at);
      await clock.advance(10_000);
    }
    return keys.map((key) => (died.get(key) ?? Infinity) / ttlMs);
  }

  it.each([1, 2, 3])('only shortens, by its share at most, and spreads (seed %d)', async (seed) => {
    const lived = await shares(0.4, seed);
    expect(Math.max(...lived)).toBeLessThanOrEqual(1);
    expect(Math.min(...lived)).toBeGreaterThanOrEqual(0.6);
    // Uniform over ten steps of 4 %: each holds 20 of 200, give or take.
    const steps = Array.from({ length: 10 }, (_, i) =>
      lived.filter((share) => Math.ceil((share - 0.6) / 0.04 - 1e-9) - 1 === i),
    );
    for (const step of steps) expect(step.length).toBeGreaterThan(4);
  });

  it('of 0 takes nothing off, for all values alike', async () => {
    expect(new Set(await shares(0, 1, 20))).toEqual(new Set([1]));
  });

  it('of 1 still stores the value', async () => {
    const { manager } = createCache();
    for (let i = 0; i < 50; i++) await manager.set(`k${i}`, i, { ttl: '1ms', jitter: 1 });
    expect((await manager.getStats()).keys).toBe(50);
  });

  it.each([-0.1, 1.1, NaN, Infinity, '10%', null])('of %p is refused', async (jitter) => {
    const { manager } = createCache();
    const wrong = { jitter: jitter as number };
    await expect(manager.set('k', 1, wrong)).rejects.toThrow(/jitter.*a number from 0 to 1/s);
    expect(() => createCache(wrong)).toThrow(/jitter/);
  });
});

it('a value is never served after its TTL, whatever TTL, jitter and times of reading', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 8 }),
      fc.integer(),
      async (ttl, jitter, pauses, seed) => {
        const { manager, clock } = createCache({}, seed);
        await manager.set('k', 'v', { ttl, jitter });
        let gone = false;
        for (const pause of pauses) {
          await clock.advance(pause);
          const found = (await manager.get('k')) === 'v';
          if (found) expect(clock.monotonic()).toBeLessThan(ttl * 1_000);
          if (gone) expect(found).toBe(false); // what has expired does not come back
          gone = !found;
        }
      },
    ),
    { numRuns: 60 },
  );
});
