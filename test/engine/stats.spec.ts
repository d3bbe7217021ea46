import { CacheEngine } from '../../libs/cache/src/core/engine.js';
import { StoreUnavailableError } from '../../libs/cache/src/core/errors.js';
import type { AroundLoad } from '../../libs/cache/src/core/run-load.js';
import { MemoryStore } from '../../libs/cache/src/drivers/memory-store.js';
import { createCache } from './cache.js';

const none = {
  ...{
    hits: 0,
    localHits: 0,
    stale: 0,
    misses: 0,
    loads: 0,
    waits: 0,
    takeOvers: 0,
    loadFailures: 0,
    fills: 0,
    fenced: 0,
  },
  ...{
    uncacheable: 0,
    foreign: 0,
    invalidations: 0,
    bypassed: 0,
    unfenced: 0,
    storeFailures: 0,
    remembered: 0,
    hitRate: 0,
    keys: 0,
  },
};

describe('getStats', () => {
  it('is nothing at first', async () => {
    expect(await createCache().manager.getStats()).toEqual({ ...none, memory: 0 });
  });

  it('counts what was done, and tells the share of hits in percent', async () => {
    const { manager, clock } = createCache();
    const options = { ttl: 10, staleWhileRevalidate: 60 };
    await manager.getOrSet('k', () => 1, options); // miss, load, fill
    await manager.getOrSet('k', () => 1, options); // hit
    await manager.get('none'); // miss
    await clock.advance(10_000);
    await manager.getOrSet('k', () => 2, options); // stale, and a load behind
    await clock.advance(0);
    await manager.getOrSet('bad', async () => Promise.reject(new Error('down'))).catch(() => undefined);
    await manager.getOrSet('f', () => () => 1);
    await manager.delete('k');
    const { memory, ...stats } = await manager.getStats();
    expect(stats).toEqual({
      ...none,
      ...{ hits: 1, localHits: 1, stale: 1, misses: 3, hitRate: 40 },
      ...{ loads: 4, loadFailures: 1, fills: 2, uncacheable: 1, invalidations: 1 },
    });
    expect(memory).toBe(0);
  });

  it('counts a fill that the store did not answer as its failure, not as one that an invalidation has overtaken', async () => {
    const store = new MemoryStore();
    const engine = new CacheEngine({ store });
    const fill = jest.spyOn(store, 'fill');
    fill.mockRejectedValueOnce(new StoreUnavailableError('The store', 'it is away'));
    expect(await engine.getOrSet('k', () => 1)).toBe(1);
    expect(engine.counts).toMatchObject({ fills: 0, fenced: 0, storeFailures: 1 });
    fill.mockResolvedValueOnce(false);
    expect(await engine.getOrSet('l', () => 1)).toBe(1);
    expect(engine.counts).toMatchObject({ fills: 0, fenced: 1, storeFailures: 1 });
  });

  it('counts and tells what `put` runs like every load, stored or not', async () => {
    const store = new MemoryStore();
    const engine = new CacheEngine({ store });
    const around = jest.fn((load: () => unknown) => load());
    engine.around.load = around as AroundLoad;
    const told: boolean[] = [];
    engine.events.on('load', ({ stored }) => void told.push(stored));
    expect(await engine.put('k', () => 1)).toEqual({ value: 1, standing: 'stored' });
    expect(await engine.put('k', () => () => 1)).toMatchObject({ standing: 'current' });
    jest.spyOn(store, 'force').mockRejectedValueOnce(new StoreUnavailableError('The store', 'it is away'));
    expect(await engine.put('k', () => 2)).toEqual({ value: 2, standing: 'unleased' });
    jest.spyOn(store, 'force').mockResolvedValueOnce(false);
    expect(await engine.put('k', () => 3)).toEqual({ value: 3, standing: 'fenced' });
    jest.spyOn(store, 'fill').mockRejectedValueOnce(new StoreUnavailableError('The store', 'it is away'));
    expect(await engine.put('k', () => 4)).toEqual({ value: 4, standing: 'unleased' });
    expect([told, around.mock.calls.length, engine.counts.loads]).toEqual([[true, false, false, false, false], 5, 5]);
  });

  it('counts keys and bytes of what is there, and not what has ended', async () => {
    const { manager, clock } = createCache();
    await manager.set('a', 'x'.repeat(1_000), { ttl: 10 });
    await manager.increment('n');
    const { keys, memory } = await manager.getStats();
    expect(keys).toBe(2);
    expect(memory).toBeGreaterThan(1_000);
    await clock.advance(10_000);
    expect(await manager.getStats()).toMatchObject({ keys: 1 });
  });
});

describe('jitter', () => {
  it('takes a random share off the TTL, at most the share that is named, never adds to it', async () => {
    const { manager, clock } = createCache({ jitter: 0.2 });
    const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
    for (const key of keys) await manager.set(key, 1, { ttl: 100 });
    const alive = async (): Promise<number> => (await manager.getMany(keys)).filter((value) => value === 1).length;
    await clock.advance(79_999);
    expect(await alive()).toBe(300);
    await clock.advance(10_001);
    const half = await alive();
    expect(half).toBeGreaterThan(100);
    expect(half).toBeLessThan(200);
    await clock.advance(10_000);
    expect(await alive()).toBe(0);
  });
});

describe('a cache that is turned off', () => {
  it('runs every load and holds nothing, and every call still works', async () => {
    const { manager } = createCache({ enabled: false });
    const load = jest.fn(() => 1);
    expect([await manager.getOrSet('k', load), await manager.getOrSet('k', load)]).toEqual([1, 1]);
    expect(load).toHaveBeenCalledTimes(2);
    expect(await manager.put('k', () => 2)).toBe(2);
    expect(await manager.set('k', 3)).toBe(false);
    expect(await manager.get('k')).toBeUndefined();
    expect(await manager.exists('k')).toBe(false);
    expect(await manager.delete('k')).toBe(false);
    expect(await manager.getMany(['k'])).toEqual([undefined]);
    expect(await manager.warmUp([{ key: 'k', value: 1 }])).toEqual({ stored: 0, failed: 1 });
    expect(await manager.invalidatePattern('*')).toBe(0);
    expect(await manager.increment('n')).toBe(1);
    await manager.invalidateByTag('t');
    await manager.clear();
    expect(await manager.getStats()).toMatchObject({ hits: 0, keys: 0, memory: 0 });
  });
});
