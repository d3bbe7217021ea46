import { createCache } from './cache.js';

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
