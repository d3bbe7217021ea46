import { createCache } from './cache.js';

describe('a scoped cache', () => {
  it('has its namespace, TTL and tags for every call; the call wins, tags add up', async () => {
    const { manager, clock } = createCache();
    const scoped = manager.scoped({ namespace: 'ns', ttl: 10, tags: ['all'] });
    await scoped.set('k', 1, { tags: ['own'] });
    await scoped.set('long', 2, { ttl: 100 });
    await scoped.getOrSet('elsewhere', () => 3, { namespace: 'other' });
    expect(await manager.get('k')).toBeUndefined();
    expect(await manager.get('k', { namespace: 'ns' })).toBe(1);
    expect(await manager.get('elsewhere', { namespace: 'other' })).toBe(3);
    await clock.advance(10_000);
    expect(await scoped.getMany(['k', 'long'])).toEqual([undefined, 2]);
    await manager.invalidateByTag('all');
    expect(await scoped.get('long')).toBeUndefined();
  });

  it('adds its tags to those that only the value knows', async () => {
    const { manager } = createCache();
    const scoped = manager.scoped({ tags: ['all'] });
    for (const tag of ['all', 'user-7']) {
      await scoped.getOrSet('k', () => ({ id: 7 }), { tags: ({ id }) => [`user-${id}`] });
      expect(await scoped.exists('k')).toBe(true);
      await manager.invalidateByTag(tag);
      expect(await scoped.exists('k')).toBe(false);
    }
  });

  it('of a scoped cache keeps what it does not change, and adds tags', async () => {
    const { manager } = createCache();
    const inner = manager.scoped({ namespace: 'ns', tags: ['outer'] }).scoped({ tags: ['inner'] });
    for (const tag of ['outer', 'inner']) {
      await inner.set('k', 1);
      expect(await manager.get('k', { namespace: 'ns' })).toBe(1);
      await manager.invalidateByTag(tag);
      expect(await inner.get('k')).toBeUndefined();
    }
  });

  it('clears its own namespace', async () => {
    const { manager } = createCache();
    const scoped = manager.scoped({ namespace: 'ns' });
    await manager.set('k', 'root');
    await scoped.set('k', 'scoped');
    await scoped.clear();
    expect([await scoped.get('k'), await manager.get('k')]).toEqual([undefined, 'root']);
  });

  it('invalidates keys and tags as one; the tags are meant everywhere', async () => {
    const { manager, cache } = createCache();
    const scoped = manager.scoped({ namespace: 'ns' });
    await manager.setMany([
      { key: 'k', value: 1 },
      { key: 'tagged', value: 1, tags: ['t'] },
    ]);
    await scoped.set('k', 'scoped');
    await scoped.invalidate({ keys: ['k'], tags: ['t'] });
    expect([await scoped.get('k'), await manager.get('k'), await manager.get('tagged')]).toEqual([
      undefined,
      1,
      undefined,
    ]);
    const before = cache.engine.counts.invalidations;
    expect(await manager.invalidate({ keys: ['k'], tags: ['t'], patterns: ['p*'] })).toBe(1);
    expect(cache.engine.counts.invalidations).toBe(before + 1);
  });

  it.each<[string, object, RegExp]>([
    ['keys that are no list', { keys: 'k' }, /keys: expected a list of strings, got "k"/],
    ['patterns that are no list', { patterns: '*' }, /patterns: expected a list of strings/],
    [
      'a pattern that is too long',
      { patterns: ['x'.repeat(1_025)] },
      /patterns\[0\]: expected a non-empty string of at most/,
    ],
    ['an option that is none', { key: 'k' }, /key: .*did you mean 'keys'/],
  ])('refuses %s, and invalidates nothing', async (_what, wrong, message) => {
    const { manager } = createCache();
    await manager.set('k', 1);
    await expect(manager.invalidate(wrong)).rejects.toThrow(message);
    expect(await manager.get('k')).toBe(1);
  });

  it.each(['tag', 7, {}])('refuses tags that are %p in a call', async (tags) => {
    const scoped = createCache().manager.scoped({ tags: ['all'] });
    const wrong = { tags: tags as string[] };
    await expect(scoped.set('k', 1, wrong)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await scoped.getOrSet('k', () => 1, { tags: () => tags as string[] })).toBe(1);
    expect(await scoped.exists('k')).toBe(false);
  });
});
