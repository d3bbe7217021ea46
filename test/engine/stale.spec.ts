import { createCache, heldLoad } from './cache.js';

const SOURCE_DOWN = new Error('the source is down');
const failing = () => jest.fn(async (): Promise<string> => Promise.reject(SOURCE_DOWN));

describe('staleWhileRevalidate', () => {
  const options = { ttl: 10, staleWhileRevalidate: 5 };

  it('serves the old value at once while one load refreshes it behind', async () => {
    const { manager, clock, told } = createCache();
    await manager.getOrSet('k', () => 'old', options);
    await clock.advance(10_000);
    const { load, open } = heldLoad('new');
    const reads = await Promise.all(Array.from({ length: 10 }, () => manager.getOrSet('k', load, options)));
    expect(new Set(reads)).toEqual(new Set(['old']));
    await clock.advance(0); // the refresh takes its lease
    expect(load).toHaveBeenCalledTimes(1);
    expect(told('read').at(-1)).toMatchObject({ outcome: 'stale' });
    open();
    await clock.advance(0);
    expect(await manager.getOrSet('k', load, options)).toBe('new');
    expect(load).toHaveBeenCalledTimes(1);
    expect(told('read').at(-1)).toMatchObject({ outcome: 'hit' });
  });

  it('counts from the end of the TTL, to the millisecond', async () => {
    const { manager, clock } = createCache();
    await manager.getOrSet('k', () => 'old', options);
    await clock.advance(9_999);
    expect(await manager.get('k')).toBe('old'); // fresh
    await clock.advance(1);
    expect(await manager.get('k')).toBeUndefined(); // expired for those who allow nothing
    await clock.advance(4_999);
    expect(await manager.get('k', { staleWhileRevalidate: 5 })).toBe('old');
    await clock.advance(1);
    expect(await manager.get('k', { staleWhileRevalidate: 5 })).toBeUndefined();
    expect(await manager.getOrSet('k', () => 'new', options)).toBe('new');
  });

  it('belongs to the reader: one takes what is too old for another', async () => {
    const { manager, clock } = createCache();
    await manager.set('k', 'old', options);
    await clock.advance(12_000);
    expect(await manager.get('k', { staleWhileRevalidate: 1 })).toBeUndefined();
    expect(await manager.get('k', { staleWhileRevalidate: 3 })).toBe('old');
    expect(await manager.exists('k')).toBe(false);
  });

  it('cannot bring back what the writer did not keep', async () => {
    const { manager, clock } = createCache();
    await manager.set('k', 'old', { ttl: 10 });
    await clock.advance(10_000);
    expect(await manager.get('k', { staleWhileRevalidate: 60 })).toBeUndefined();
  });

  it('goes on serving the old value when the refresh fails, tells of it, and tries again', async () => {
    const { manager, clock, told } = createCache();
    await manager.getOrSet('k', () => 'old', options);
    await clock.advance(11_000);
    const load = failing();
    expect(await manager.getOrSet('k', load, options)).toBe('old');
    await clock.advance(0);
    expect(told('refreshFailed')).toEqual([{ key: 'k', namespace: undefined, error: SOURCE_DOWN }]);
    expect(await manager.getOrSet('k', load, options)).toBe('old');
    await clock.advance(0);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('of 0 at the call turns the default of the cache off', async () => {
    const { manager, clock } = createCache({ staleWhileRevalidate: 60, defaultTtl: 10 });
    await manager.set('k', 'old');
    await clock.advance(10_000);
    expect(await manager.getOrSet('k', () => 'new', { staleWhileRevalidate: 0 })).toBe('new');
  });

  it.each([
    ['delete', async (manager: ReturnType<typeof createCache>['manager']) => manager.delete('k')],
    ['a tag', async (manager: ReturnType<typeof createCache>['manager']) => manager.invalidateByTag('t')],
    ['clear', async (manager: ReturnType<typeof createCache>['manager']) => manager.clear()],
  ])('never serves what %s made void', async (_name, invalidate) => {
    const { manager, clock } = createCache();
    const tagged = { ...options, tags: ['t'], staleIfError: 60 };
    await manager.getOrSet('k', () => 'old', tagged);
    await clock.advance(11_000);
    await invalidate(manager);
    expect(await manager.get('k', { staleWhileRevalidate: 5 })).toBeUndefined();
    await expect(manager.getOrSet('k', failing(), tagged)).rejects.toBe(SOURCE_DOWN);
    expect(await manager.getOrSet('k', () => 'new', tagged)).toBe('new');
  });
});

describe('staleIfError', () => {
  const options = { ttl: 10, staleIfError: 60 };

  it('serves the old value when the load fails, until its time is over', async () => {
    const { manager, clock, told } = createCache();
    await manager.getOrSet('k', () => 'old', options);
    await clock.advance(69_999);
    expect(await manager.getOrSet('k', failing(), options)).toBe('old');
    expect(told('read').at(-1)).toMatchObject({ outcome: 'stale' });
    await clock.advance(1);
    await expect(manager.getOrSet('k', failing(), options)).rejects.toBe(SOURCE_DOWN);
  });

  it('asks the source each time and takes its answer as soon as there is one', async () => {
    const { manager, clock } = createCache();
    await manager.getOrSet('k', () => 'old', options);
    await clock.advance(10_000);
    const load = failing();
    expect(await manager.getOrSet('k', load, options)).toBe('old');
    expect(await manager.getOrSet('k', load, options)).toBe('old');
    expect(load).toHaveBeenCalledTimes(2);
    load.mockResolvedValueOnce('new');
    expect(await manager.getOrSet('k', load, options)).toBe('new');
    expect(await manager.get('k')).toBe('new');
  });

  it('serves it only for the failures that staleIf says, whoever waits for the load', async () => {
    const { manager, clock } = createCache();
    const said = { ...options, staleIf: (error: unknown) => error !== SOURCE_DOWN };
    await manager.getOrSet('k', () => 'old', said);
    await clock.advance(11_000);
    const load = failing();
    const asked = Array.from({ length: 3 }, () => manager.getOrSet('k', load, said));
    for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
    expect(load).toHaveBeenCalledTimes(1);
    expect(await manager.getOrSet('k', () => Promise.reject(new Error('busy')), said)).toBe('old');
  });

  it('is for loads only: get does not serve it', async () => {
    const { manager, clock } = createCache();
    await manager.set('k', 'old', options);
    await clock.advance(10_000);
    expect(await manager.get('k')).toBeUndefined();
  });

  it('answers all who wait for one failing load, each as it allows', async () => {
    const { manager, clock } = createCache();
    await manager.getOrSet('k', () => 'old', options);
    await clock.advance(10_000);
    const { load, fail } = heldLoad('new');
    const lenient = [manager.getOrSet('k', load, options), manager.getOrSet('k', load, options)];
    const strict = expect(manager.getOrSet('k', load, { ttl: 10 })).rejects.toBe(SOURCE_DOWN);
    await clock.advance(0);
    fail(SOURCE_DOWN);
    expect(await Promise.all(lenient)).toEqual(['old', 'old']);
    await strict;
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('answers as well for the own load of a caller that cannot be handed the value of another', async () => {
    const { manager, clock } = createCache();
    await manager.getOrSet<unknown>('k', () => 'old', options);
    await clock.advance(10_000);
    const { load, open } = heldLoad<unknown>({ call: () => 'cannot be copied' });
    const leader = manager.getOrSet('k', load, options);
    const joined = manager.getOrSet<unknown>('k', failing(), options);
    await clock.advance(0);
    open();
    expect(await joined).toBe('old');
    await leader;
  });

  it('and staleWhileRevalidate may be used together; the longer one keeps the value', async () => {
    const { manager, clock } = createCache();
    const both = { ...options, staleWhileRevalidate: 5 };
    await manager.getOrSet('k', () => 'old', both);
    await clock.advance(12_000);
    const load = failing();
    expect(await manager.getOrSet('k', load, both)).toBe('old'); // stale, refreshed behind
    await clock.advance(10_000);
    expect(await manager.getOrSet('k', load, both)).toBe('old'); // waited for the load, which failed
    await clock.advance(60_000);
    await expect(manager.getOrSet('k', load, both)).rejects.toBe(SOURCE_DOWN);
  });
});
