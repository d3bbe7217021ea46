import { CacheEngine } from '../../libs/cache/src/core/engine.js';
import { StoreUnavailableError } from '../../libs/cache/src/core/errors.js';
import { MemoryStore } from '../../libs/cache/src/drivers/memory-store.js';
import { createCache, heldLoad, slowLoad, stateOf } from './cache.js';

/** Lets everything run that needs no time, until a load was called. */
async function eventuallyCalled(load: jest.Mock): Promise<void> {
  while (load.mock.calls.length === 0) await new Promise(setImmediate);
}

const SOURCE_DOWN = new Error('the source is down');

describe('a load that fails', () => {
  it.each<[string, () => string | Promise<string>]>([
    ['rejects', async () => Promise.reject(SOURCE_DOWN)],
    [
      'throws',
      () => {
        throw SOURCE_DOWN;
      },
    ],
  ])('and %s fails its caller with the same error, and is not cached', async (_how, load) => {
    const { manager, told } = createCache();
    const spy = jest.fn(load);
    for (let i = 0; i < 3; i++) await expect(manager.getOrSet<string>('k', spy)).rejects.toBe(SOURCE_DOWN);
    expect(spy).toHaveBeenCalledTimes(3);
    expect(await manager.exists('k')).toBe(false);
    expect(await manager.getOrSet('k', () => 'well')).toBe('well');
    expect(await manager.getStats()).toMatchObject({ loads: 4, loadFailures: 3, fills: 1 });
    expect(told('refreshFailed')).toEqual([]);
  });

  it.each([undefined, null, 'a string', 0, { code: 7 }])('with %p fails with exactly that', async (thrown) => {
    const { manager } = createCache();
    const call = manager.getOrSet('k', async () => Promise.reject(thrown as unknown as Error));
    expect(await call.catch((error: unknown) => ({ error }))).toEqual({ error: thrown });
  });

  it('lets the next caller load at once: its lease is given back', async () => {
    const { manager, clock } = createCache();
    await expect(manager.getOrSet('k', async () => Promise.reject(SOURCE_DOWN))).rejects.toBe(SOURCE_DOWN);
    const next = manager.getOrSet('k', () => 'well');
    expect(await stateOf(next, clock)).toBe('well'); // no time has passed
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves alone what others stored meanwhile', async () => {
    const { manager, clock } = createCache();
    const { load, fail } = heldLoad('old');
    const call = expect(manager.getOrSet('k', load)).rejects.toBe(SOURCE_DOWN);
    await clock.advance(0);
    expect(load).toHaveBeenCalled();
    await manager.set('k', 'stored');
    fail(SOURCE_DOWN);
    await call;
    expect(await manager.get('k')).toBe('stored');
  });
});

describe('a load that waits for itself', () => {
  const recursive = { code: 'CACHE_RECURSIVE_LOAD', message: expect.stringContaining('waits for itself') };

  it('fails with a clear error, which is not cached', async () => {
    const { manager } = createCache();
    const own = manager.getOrSet('k', async (): Promise<unknown> => manager.getOrSet('k', () => 1));
    await expect(own).rejects.toMatchObject(recursive);
    expect(await manager.getOrSet('k', () => 'well')).toBe('well');
  });

  it('is found through any number of other loads, and through loads at the same time', async () => {
    const { manager } = createCache();
    const ring = async (i: number): Promise<unknown> => manager.getOrSet(`k${i % 5}`, async () => ring(i + 1));
    await expect(ring(0)).rejects.toMatchObject(recursive);
    const both = async (): Promise<unknown> =>
      Promise.all([manager.getOrSet('x', () => 1), manager.getOrSet('both', async () => both())]);
    await expect(manager.getOrSet('both', both)).rejects.toMatchObject(recursive);
  });

  it('is not looked for for ever: many loads may wait for many others', async () => {
    const { manager } = createCache();
    const LEVELS = 40; // 2 to the 40th ways from the first to the last
    const last = heldLoad(1);
    const read = (name: string, level: number): Promise<number> =>
      manager.getOrSet(`${name}${level}`, async () => {
        if (level === LEVELS) return last.load();
        const [a, b] = await Promise.all([read('a', level + 1), read('b', level + 1)]);
        return Math.max(a, b) + 1;
      });
    const first = read('a', 1);
    await eventuallyCalled(last.load);
    const another = manager.getOrSet('x', () => read('a', 1));
    await new Promise(setImmediate);
    last.open();
    expect(await Promise.all([first, another])).toEqual([LEVELS, LEVELS]);
  });

  it('is found when two callers close the circle from both ends', async () => {
    const { manager, clock } = createCache();
    const pause = (): Promise<void> => clock.sleep(10);
    const a = manager.getOrSet('a', async (): Promise<unknown> => {
      await pause();
      return manager.getOrSet('b', () => 1);
    });
    const b = manager.getOrSet('b', async (): Promise<unknown> => {
      await pause();
      return manager.getOrSet('a', () => 1);
    });
    const settled = Promise.allSettled([a, b]);
    await clock.advance(10);
    const results = await settled;
    expect(results.some((one) => one.status === 'rejected')).toBe(true);
    for (const one of results) if (one.status === 'rejected') expect(one.reason).toMatchObject(recursive);
  });

  it('is not suspected of a load that has taken over from one that it waited for', async () => {
    const { manager, clock } = createCache();
    const [first, second] = [heldLoad(undefined), heldLoad('second')];
    const lateTags = { tags: () => ['t'] };
    const asked = manager.getOrSet<unknown>(
      'k',
      async () => {
        await first.load();
        return manager.getOrSet('other', () => manager.getOrSet('k', () => 'third'));
      },
      lateTags,
    );
    await eventuallyCalled(first.load);
    await manager.invalidateByTag('some other'); // perhaps a tag of this value: who comes later waits for its lease only
    const taking = manager.getOrSet('k', second.load);
    await clock.advance(0);
    await manager.delete('k');
    await clock.advance(100);
    expect(second.load).toHaveBeenCalledTimes(1);
    first.open();
    await clock.advance(100);
    second.open();
    await clock.advance(100);
    expect(await Promise.all([asked, taking])).toEqual(['second', 'second']);
  });

  it('is not suspected where the same key of another namespace, or another cache, is asked for', async () => {
    const { manager } = createCache();
    const other = createCache();
    const value = await manager.getOrSet('k', async () => [
      await manager.getOrSet('k', () => 1, { namespace: 'other' }),
      await other.manager.getOrSet('k', () => 2),
    ]);
    expect(value).toEqual([1, 2]);
  });

  it('is not suspected of what it starts and does not wait for', async () => {
    const { manager, clock } = createCache();
    let later: Promise<unknown> = Promise.resolve();
    const first = manager.getOrSet('k', async () => {
      later = clock.sleep(10).then(() => manager.getOrSet('k', () => 'again'));
      return 'first';
    });
    expect(await first).toBe('first');
    await clock.advance(10);
    expect(await later).toBe('first');
  });
});

describe('unless', () => {
  it('returns the value without storing it when it says true', async () => {
    const { manager, told } = createCache();
    const load = jest.fn(async () => ({ items: [] as number[] }));
    const unless = ({ items }: { items: number[] }): boolean => items.length === 0;
    expect(await manager.getOrSet('k', load, { unless })).toEqual({ items: [] });
    expect(await manager.getOrSet('k', load, { unless })).toEqual({ items: [] });
    load.mockResolvedValueOnce({ items: [1] });
    await manager.getOrSet('k', load, { unless });
    expect(await manager.getOrSet('k', load, { unless })).toEqual({ items: [1] });
    expect(load).toHaveBeenCalledTimes(3);
    expect(told('uncacheable')).toEqual(Array(2).fill({ key: 'k', namespace: undefined, reason: 'refused by unless' }));
  });

  it('still shares one load among those who wait for it', async () => {
    const { manager } = createCache();
    const load = jest.fn(async () => ({ list: [1] }));
    const values = await Promise.all(
      Array.from({ length: 5 }, () => manager.getOrSet('k', load, { unless: () => true })),
    );
    expect(load).toHaveBeenCalledTimes(1);
    expect(new Set(values.map((value) => JSON.stringify(value))).size).toBe(1);
  });

  it('that throws leaves the value uncached, and the caller has its value', async () => {
    const { manager, told } = createCache();
    const unless = (): boolean => {
      throw new Error('cannot tell');
    };
    expect(await manager.getOrSet('k', () => 1, { unless })).toBe(1);
    expect(await manager.exists('k')).toBe(false);
    expect(told('uncacheable')).toMatchObject([{ reason: 'cannot tell' }]);
  });

  it('that is no function is refused before anything is loaded', async () => {
    const { manager } = createCache();
    const load = jest.fn(() => 1);
    const wrong = { unless: true as unknown as () => boolean };
    await expect(manager.getOrSet('k', load, wrong)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(load).not.toHaveBeenCalled();
  });

  it('leaves a stale value in its place: it may still answer for a failing load', async () => {
    const { manager, clock } = createCache();
    const options = { ttl: 10, staleIfError: 60 };
    await manager.getOrSet('k', () => 'old', options);
    await clock.advance(10_000);
    expect(await manager.getOrSet('k', () => 'not good', { ...options, unless: () => true })).toBe('not good');
    const failing = async (): Promise<string> => Promise.reject(SOURCE_DOWN);
    expect(await manager.getOrSet('k', failing, options)).toBe('old');
  });
});

describe('put', () => {
  it('runs always and replaces what was there', async () => {
    const { manager } = createCache();
    await manager.set('k', 'old');
    const make = jest.fn(async () => 'new');
    expect(await manager.put('k', make, { ttl: 10 })).toBe('new');
    expect(await manager.put('k', make)).toBe('new');
    expect(make).toHaveBeenCalledTimes(2);
    expect(await manager.get('k')).toBe('new');
  });

  it('that fails leaves nothing: what was there may be wrong by now', async () => {
    const { manager } = createCache();
    await manager.set('k', 'old');
    await expect(manager.put('k', async () => Promise.reject(SOURCE_DOWN))).rejects.toBe(SOURCE_DOWN);
    expect(await manager.exists('k')).toBe(false);
  });

  it.each([
    ['cannot be cached', () => ({ call: () => 1 }), {}],
    ['is undefined', () => undefined, {}],
    ['is refused by unless', () => 'empty', { unless: () => true }],
  ])('whose value %s returns it and leaves nothing', async (_why, make, options) => {
    const { manager } = createCache();
    await manager.set('k', 'old');
    await manager.put<unknown>('k', make, options);
    expect(await manager.exists('k')).toBe(false);
  });

  it('holds its key for as long as it takes, and readers get its value', async () => {
    const { manager, clock } = createCache({ leaseTimeout: 1_000, waitTimeout: 60_000 });
    const put = manager.put('k', slowLoad(clock, 10_000, 'new'));
    await clock.advance(1);
    const load = jest.fn(() => 'old');
    const read = manager.getOrSet('k', load);
    await clock.advance(11_000);
    expect([await put, await read]).toEqual(['new', 'new']);
    expect(load).not.toHaveBeenCalled();
  });

  it('stores a value that alone knows its tags', async () => {
    const { manager } = createCache();
    await manager.put('k', () => ({ id: 7 }), { tags: ({ id }) => [`user-${id}`] });
    expect(await manager.get('k')).toEqual({ id: 7 });
    await manager.invalidateByTag('user-7');
    expect(await manager.get('k')).toBeUndefined();
  });

  it('does not store a value whose tag was invalidated while it was made', async () => {
    const { manager } = createCache();
    const { load, open } = heldLoad('made');
    const put = manager.put('k', load, { tags: () => ['t'] });
    await eventuallyCalled(load);
    await manager.invalidateByTag('t');
    open();
    expect(await put).toBe('made');
    expect(await manager.get('k')).toBeUndefined();
  });

  it('may read its own key while others wait for it', async () => {
    const { manager, clock } = createCache();
    const gate = heldLoad('go');
    const put = manager.put('k', async () => {
      await gate.load();
      return `${await manager.getOrSet('k', () => 'read')} and written`;
    });
    await eventuallyCalled(gate.load);
    const waiting = manager.getOrSet('k', () => 'by itself');
    await clock.advance(10);
    gate.open();
    expect(await stateOf(put, clock)).toBe('read and written');
    await clock.advance(1_000);
    expect(await waiting).toBe('read and written');
  });

  it('may read its own key: nobody else can answer, so the load runs', async () => {
    const { manager, clock } = createCache();
    const put = manager.put('k', async () => `${await manager.getOrSet('k', () => 'read')} and written`);
    expect(await stateOf(put, clock)).toBe('read and written'); // no time has passed
    expect(await manager.get('k')).toBe('read and written');
  });
});

describe('waiting for a load of somebody else', () => {
  it('ends after waitTimeout with a load of one’s own', async () => {
    const { manager, clock } = createCache({ waitTimeout: 2_000 });
    const put = manager.put('k', slowLoad(clock, 60_000, 'late'));
    await clock.advance(1);
    const read = manager.getOrSet('k', () => 'own');
    await clock.advance(1_900);
    expect(await stateOf(read, clock)).toBe('waits');
    await clock.advance(200);
    expect(await stateOf(read, clock)).toBe('own');
    await clock.advance(60_000);
    expect(await put).toBe('late');
    expect(await manager.get('k')).toBe('late');
  });
});

/** A store that cannot be asked for anything, while what others change is heard or not. */
class MuteStore extends MemoryStore {
  override readonly audible: boolean;

  constructor(audible: boolean) {
    super();
    this.audible = audible;
  }

  override read(): Promise<never> {
    return Promise.reject(new StoreUnavailableError('The store', 'it is mute'));
  }
}

describe('while the store cannot be asked', () => {
  it.each([
    ['heard: nobody joins a load that an invalidation elsewhere may have overtaken (rule 10)', true, 2],
    ['not heard: callers share a load', false, 1],
  ])('and changes are %s', async (_what, audible, loads) => {
    const engine = new CacheEngine({ store: new MuteStore(audible) });
    const { load, open } = heldLoad('v');
    const first = engine.getOrSet('k', load);
    while (load.mock.calls.length === 0) await Promise.resolve();
    const second = engine.getOrSet('k', load);
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    expect(load).toHaveBeenCalledTimes(loads);
    open();
    expect(await Promise.all([first, second])).toEqual(['v', 'v']);
  });
});
