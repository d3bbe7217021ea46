import { createCache } from './cache.js';

describe('increment', () => {
  it('counts from nothing, by one or by another whole number, also downwards', async () => {
    const { manager } = createCache();
    expect(await manager.increment('n')).toBe(1);
    expect(await manager.increment('n', { by: 5 })).toBe(6);
    expect(await manager.increment('n', { by: -10 })).toBe(-4);
    expect(await manager.get('n')).toBe(-4);
    expect(await manager.exists('n')).toBe(true);
  });

  it('loses no increment of many at once', async () => {
    const { manager } = createCache();
    await Promise.all(Array.from({ length: 500 }, () => manager.increment('n')));
    expect(await manager.get('n')).toBe(500);
  });

  it('takes its TTL with the first increment that has one, never extends it and never loses it', async () => {
    const { manager, clock } = createCache();
    await manager.increment('n', { ttl: 60 });
    await clock.advance(30_000);
    await manager.increment('n', { ttl: 60 });
    await manager.increment('n');
    await clock.advance(29_999);
    expect(await manager.get('n')).toBe(3);
    await clock.advance(1);
    expect(await manager.get('n')).toBeUndefined();
    expect(await manager.increment('n', { ttl: 60 })).toBe(1);
  });

  it('has no end without a TTL, until an increment brings one', async () => {
    const { manager, clock } = createCache();
    await manager.increment('n');
    await clock.advance(3_600_000_000);
    expect(await manager.increment('n', { ttl: 10 })).toBe(2);
    await clock.advance(10_000);
    expect(await manager.exists('n')).toBe(false);
  });

  it('is kept apart by namespaces, and ends with them', async () => {
    const { manager } = createCache();
    await manager.increment('n', { namespace: 'a' });
    await manager.increment('n', { namespace: 'b', by: 2 });
    await manager.clear('a');
    expect(await manager.get('n', { namespace: 'a' })).toBeUndefined();
    expect(await manager.get('n', { namespace: 'b' })).toBe(2);
  });

  it('is read by getOrSet as its number, and deleted like any key', async () => {
    const { manager } = createCache();
    await manager.increment('n', { by: 7 });
    const load = jest.fn(() => 0);
    expect(await manager.getOrSet('n', load)).toBe(7);
    expect(load).not.toHaveBeenCalled();
    expect(await manager.delete('n')).toBe(true);
    expect(await manager.increment('n')).toBe(1);
  });

  it('refuses a key that holds a value, which stays; set replaces a counter', async () => {
    const { manager } = createCache();
    await manager.set('k', 'value');
    await expect(manager.increment('k')).rejects.toMatchObject({ code: 'CACHE_COUNTER_CONFLICT' });
    expect(await manager.get('k')).toBe('value');
    await manager.increment('n');
    await manager.set('n', 'value');
    expect(await manager.get('n')).toBe('value');
  });

  it.each([0.5, NaN, Infinity, '1', null])('refuses to count by %p', async (by) => {
    const { manager } = createCache();
    await expect(manager.increment('n', { by: by as number })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(await manager.exists('n')).toBe(false);
  });

  it('refuses to leave the safe integers, and keeps what it had', async () => {
    const { manager } = createCache();
    await manager.increment('n', { by: Number.MAX_SAFE_INTEGER });
    await expect(manager.increment('n')).rejects.toMatchObject({ code: 'CACHE_COUNTER_CONFLICT' });
    expect(await manager.get('n')).toBe(Number.MAX_SAFE_INTEGER);
  });
});
