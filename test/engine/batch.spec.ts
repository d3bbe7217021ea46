import { createCache, heldLoad, stateOf } from './cache.js';

describe('getMany', () => {
  it('gives the values in the order of the keys, once for each mention, undefined where there is none', async () => {
    const { manager } = createCache();
    await manager.setMany([
      { key: 'a', value: 1 },
      { key: 'b', value: null },
    ]);
    expect(await manager.getMany(['b', 'none', 'a', 'b'])).toEqual([null, undefined, 1, null]);
    expect(await manager.getMany([])).toEqual([]);
    expect(await manager.getStats()).toMatchObject({ hits: 3, misses: 1 });
  });
});

describe('getOrSetMany', () => {
  const squares = () => jest.fn(async (keys: string[]) => new Map(keys.map((key) => [key, Number(key) ** 2])));

  it('loads what is missing by one call, stores it, and gives the values in the order of the keys', async () => {
    const { manager } = createCache();
    await manager.set('2', 'cached');
    const load = squares();
    expect(await manager.getOrSetMany(['3', '2', '1', '3'], load)).toEqual([9, 'cached', 1, 9]);
    expect(load.mock.calls).toEqual([[['3', '1']]]);
    expect(await manager.getMany(['1', '3'])).toEqual([1, 9]);
    expect(await manager.getOrSetMany(['1', '2', '3'], load)).toEqual([1, 'cached', 9]);
    expect(load).toHaveBeenCalledTimes(1);
    expect(await manager.getOrSetMany([], load)).toEqual([]);
    expect(await manager.getStats()).toMatchObject({ misses: 2, hits: 6, fills: 3 });
  });

  it('takes an array in the order of the keys, too, and refuses one of another length', async () => {
    const { manager } = createCache();
    expect(await manager.getOrSetMany(['a', 'b'], (keys) => keys.map((key) => key + key))).toEqual(['aa', 'bb']);
    for (const wrong of [['one'], 'text', undefined, {}] as never[]) {
      const refused = manager.getOrSetMany(['c', 'd'], () => wrong);
      await expect(refused).rejects.toMatchObject({ code: 'CACHE_BATCH_LOAD' });
    }
    expect(await manager.getMany(['c', 'd'])).toEqual([undefined, undefined]);
  });

  it('leaves out of result and cache what the load has no value for; null is a value', async () => {
    const { manager } = createCache();
    const load = jest.fn(() => new Map([['a', null]]));
    expect(await manager.getOrSetMany<unknown>(['a', 'b'], load)).toEqual([null, undefined]);
    expect(await manager.getOrSetMany<unknown>(['a', 'b'], load)).toEqual([null, undefined]);
    expect(load.mock.calls).toEqual([[['a', 'b']], [['b']]]);
  });

  it('shares loads with those who read one of the keys alone, in both directions', async () => {
    const { manager, clock } = createCache();
    const single = heldLoad('single');
    const alone = manager.getOrSet('a', single.load);
    const batch = heldLoad(new Map([['b', 'batch']]));
    const many = manager.getOrSetMany<string>(['a', 'b'], batch.load);
    const joined = jest.fn();
    const later = manager.getOrSet<string>('b', joined);
    await clock.advance(0);
    expect(batch.load.mock.calls).toEqual([[['b']]]); // runs while the other load is still on its way
    batch.open();
    expect(await later).toBe('batch');
    expect(await stateOf(many, clock)).toBe('waits');
    single.open();
    expect([await many, await alone]).toEqual([['single', 'batch'], 'single']);
    expect(joined).not.toHaveBeenCalled();
  });

  it('never deadlocks with a batch of the same keys in another order', async () => {
    const { manager, clock } = createCache();
    const gate = heldLoad(undefined);
    const load = jest.fn(async (keys: string[]) => (await gate.load(), keys.map((key) => `${key}!`)));
    const both = [manager.getOrSetMany(['a', 'b', 'c'], load), manager.getOrSetMany(['c', 'b', 'd', 'a'], load)];
    await clock.advance(0);
    gate.open();
    expect(await Promise.all(both)).toEqual([
      ['a!', 'b!', 'c!'],
      ['c!', 'b!', 'd!', 'a!'],
    ]);
    expect(load.mock.calls.flat(2).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('a failure reaches the caller, and nothing is cached; keys that were there are not loaded again', async () => {
    const { manager } = createCache();
    await manager.set('there', 1);
    const failing = manager.getOrSetMany(['there', 'a', 'b'], async () => Promise.reject(new Error('down')));
    await expect(failing).rejects.toThrow('down');
    expect(await manager.getMany(['there', 'a', 'b'])).toEqual([1, undefined, undefined]);
  });

  it('an invalidation during the load keeps out the keys it concerns, and only those (G1)', async () => {
    const { manager, clock } = createCache();
    const held = heldLoad(['old a', 'old b']);
    const many = manager.getOrSetMany(['a', 'b'], held.load);
    await clock.advance(0);
    await manager.delete('a');
    held.open();
    expect(await many).toEqual(['old a', 'old b']);
    expect(await manager.getMany(['a', 'b'])).toEqual([undefined, 'old b']);
  });

  it('refreshes stale values behind, together, and takes options of each value', async () => {
    const { manager, clock } = createCache();
    const options = {
      ttl: (value: string) => value.length,
      staleWhileRevalidate: 60,
      tags: (value: string) => [`t-${typeof value}`],
    };
    await manager.getOrSet('first', () => 'uses the tag', options);
    await manager.getOrSetMany(['a', 'b'], () => ['x', 'yyy'], options);
    await clock.advance(1_000);
    expect(await manager.getMany(['a', 'b'])).toEqual([undefined, 'yyy']);
    await clock.advance(2_000);
    const load = jest.fn((keys: string[]) => keys.map(() => 'new'));
    expect(await manager.getOrSetMany(['a', 'b'], load, options)).toEqual(['x', 'yyy']);
    await clock.advance(0);
    expect(load.mock.calls).toEqual([[['a', 'b']]]);
    await manager.invalidateByTag('t-string');
    expect(await manager.getMany(['a', 'b'])).toEqual([undefined, undefined]);
  });

  it('finds a load that reads one of the keys it is loading', async () => {
    const { manager } = createCache();
    for (const inner of ['a', 'b']) {
      const circle = manager.getOrSetMany<string>(['a', 'b'], async (keys) => {
        const value = await manager.getOrSet(inner, () => 'never');
        return keys.map(() => value);
      });
      await expect(circle).rejects.toMatchObject({ code: 'CACHE_RECURSIVE_LOAD' });
    }
    const fine = manager.getOrSetMany(['a', 'b'], async (keys) => {
      const value = await manager.getOrSet('other', () => 1);
      return keys.map(() => value);
    });
    expect(await fine).toEqual([1, 1]);
  });

  it('refuses a wrong key or option before anything is loaded', async () => {
    const { manager } = createCache();
    const load = squares();
    await expect(manager.getOrSetMany(['1', ''], load)).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
    await expect(manager.getOrSetMany(['1'], load, { ttl: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(load).not.toHaveBeenCalled();
  });

  it('runs one load for all keys when the cache is off, and works in a scope', async () => {
    const off = createCache({ enabled: false });
    const load = squares();
    expect(await off.manager.getOrSetMany(['1', '2'], load)).toEqual([1, 4]);
    expect(load.mock.calls).toEqual([[['1', '2']]]);
    const { manager } = createCache();
    await manager.scoped({ namespace: 'ns', tags: ['all'] }).getOrSetMany(['2'], load);
    expect(await manager.get('2', { namespace: 'ns' })).toBe(4);
    await manager.invalidateByTag('all');
    expect(await manager.get('2', { namespace: 'ns' })).toBeUndefined();
  });
});

describe('setMany', () => {
  it('stores each entry with its own options, and tells for each whether it is stored', async () => {
    const { manager, clock } = createCache({ maxValueBytes: 1_000 });
    const stored = await manager.setMany([
      { key: 'short', value: 1, ttl: 1 },
      { key: 'long', value: 2, ttl: 100, tags: ['t'] },
      { key: 'there', value: 3, namespace: 'ns' },
    ]);
    expect(stored).toEqual([true, true, true]);
    await clock.advance(1_000);
    expect(await manager.getMany(['short', 'long', 'there'])).toEqual([undefined, 2, undefined]);
    expect(await manager.get('there', { namespace: 'ns' })).toBe(3);
    await manager.invalidateByTag('t');
    expect(await manager.get('long')).toBeUndefined();
  });

  it('fails for a value that cannot be cached', async () => {
    const { manager } = createCache();
    const wrong = manager.setMany([{ key: 'f', value: () => 1 }]);
    await expect(wrong).rejects.toMatchObject({ code: 'CACHE_INVALID_VALUE' });
  });
});

describe('warmUp', () => {
  it('stores any number of entries and counts them', async () => {
    const { manager } = createCache();
    const entries = Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, value: i, ttl: 60 }));
    expect(await manager.warmUp(entries)).toEqual({ stored: 100, failed: 0 });
    expect(await manager.get('k99')).toBe(99);
    expect(await manager.warmUp([])).toEqual({ stored: 0, failed: 0 });
  });
});

describe('what is removed', () => {
  it('delete tells whether something was there', async () => {
    const { manager } = createCache();
    await manager.set('k', 1);
    expect(await manager.delete('k')).toBe(true);
    expect(await manager.delete('k')).toBe(false);
  });

  it('invalidatePattern removes what matches in its namespace, and tells how many', async () => {
    const { manager } = createCache();
    for (const key of ['user:1', 'user:2', 'user:10', 'team:1', 'user*']) await manager.set(key, key);
    await manager.set('user:1', 'theirs', { namespace: 'ns' });
    expect(await manager.invalidatePattern('user:?')).toBe(2);
    expect(await manager.getMany(['user:10', 'team:1', 'user*'])).toEqual(['user:10', 'team:1', 'user*']);
    expect(await manager.invalidatePattern('user\\*')).toBe(1);
    expect(await manager.get('user:1', { namespace: 'ns' })).toBe('theirs');
  });

  it.each(['', 7, undefined])('invalidatePattern refuses %p', async (pattern) => {
    const refused = createCache().manager.invalidatePattern(pattern as string);
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('clear empties one namespace, or everything', async () => {
    const { manager } = createCache();
    await manager.set('k', 'root');
    await manager.set('k', 'a', { namespace: 'a' });
    await manager.clear('a');
    expect([await manager.get('k', { namespace: 'a' }), await manager.get('k')]).toEqual([undefined, 'root']);
    await manager.clear();
    expect(await manager.getStats()).toMatchObject({ keys: 0 });
  });

  it('invalidate takes keys, tags and patterns of a namespace together', async () => {
    const { manager } = createCache();
    const namespace = 'ns';
    await manager.setMany([
      { key: 'k', value: 1, namespace },
      { key: 'p1', value: 2, namespace },
      { key: 't', value: 3, namespace, tags: ['tag'] },
      { key: 'stays', value: 4, namespace },
    ]);
    expect(await manager.invalidate({ namespace, keys: ['k'], patterns: ['p*'], tags: ['tag'] })).toBe(2);
    const left = await manager.getMany(['k', 'p1', 't', 'stays'], { namespace });
    expect(left).toEqual([undefined, undefined, undefined, 4]);
  });
});
