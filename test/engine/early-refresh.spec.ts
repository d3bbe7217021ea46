import { createCache, heldLoad } from './cache.js';

/** XFetch: entries that are dear to load are refreshed before they end, by chance, so that they never end under load. */
describe('earlyRefresh', () => {
  const TTL = 100;
  const COST_MS = 10_000;

  /** A cache with an entry that took `COST_MS` to load. */
  async function withEntry(seed: number) {
    const under = createCache({}, seed);
    const { clock, manager } = under;
    const first = manager.getOrSet('k', () => clock.sleep(COST_MS).then(() => 'old'), { ttl: TTL });
    await clock.advance(COST_MS);
    await first;
    return under;
  }

  /** In how many of ten caches a read at this moment starts a refresh; `freshness.spec.ts` has the exact chance. */
  async function refreshes(atMs: number, earlyRefresh: number): Promise<number> {
    let started = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const { clock, manager } = await withEntry(seed);
      await clock.advance(atMs);
      const { load } = heldLoad('new');
      expect(await manager.getOrSet('k', load, { ttl: TTL, earlyRefresh })).toBe('old');
      await clock.advance(0);
      started += load.mock.calls.length;
    }
    return started;
  }

  it('is a matter of chance: likelier near the end, and with a larger beta', async () => {
    expect(await refreshes(1_000, 1)).toBe(0); // e^-9.9
    expect(await refreshes(99_900, 1)).toBeGreaterThan(5); // e^-0.01
    expect(await refreshes(1_000, 1_000)).toBeGreaterThan(5); // e^-0.01
  });

  it.each([undefined, 0])('is off with %p', async (earlyRefresh) => {
    const { clock, manager } = await withEntry(1);
    const load = jest.fn(() => 'new');
    for (let ms = 0; ms < TTL * 1_000 - 1_000; ms += 1_000) {
      await clock.advance(1_000);
      await manager.getOrSet('k', load, { ttl: TTL, ...(earlyRefresh === undefined ? {} : { earlyRefresh }) });
    }
    expect(load).not.toHaveBeenCalled();
  });

  it('serves everybody at once and refreshes once; the new value follows', async () => {
    const { clock, manager, told } = await withEntry(1);
    await clock.advance(TTL * 1_000 - 1);
    const { load, open } = heldLoad('new');
    const options = { ttl: TTL, earlyRefresh: 1 };
    const reads = Array.from({ length: 50 }, () => manager.getOrSet('k', load, options));
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['old']));
    await clock.advance(0);
    expect(load).toHaveBeenCalledTimes(1);
    expect(told('read').at(-1)).toMatchObject({ outcome: 'hit' });
    open();
    await clock.advance(0);
    expect(await manager.getOrSet('k', load, options)).toBe('new');
  });

  it('that fails disturbs nobody, and is told', async () => {
    const { clock, manager, told } = await withEntry(1);
    await clock.advance(TTL * 1_000 - 1);
    const failing = async (): Promise<string> => Promise.reject(new Error('down'));
    expect(await manager.getOrSet('k', failing, { ttl: TTL, earlyRefresh: 1 })).toBe('old');
    await clock.advance(0);
    expect(told('refreshFailed')).toMatchObject([{ key: 'k', error: { message: 'down' } }]);
    expect(await manager.get('k')).toBe('old');
  });

  it.each([-1, NaN, 'often', null])('of %p is refused', async (earlyRefresh) => {
    const { manager } = createCache();
    const wrong = { earlyRefresh: earlyRefresh as number };
    await expect(manager.getOrSet('k', () => 1, wrong)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(() => createCache(wrong)).toThrow(/earlyRefresh/);
  });
});
