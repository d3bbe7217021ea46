import { createCache, heldLoad, slowLoad, stateOf } from './cache.js';

/** A cache with the value `old` under `k`, whose TTL has ended but which may still answer for a failing load. */
async function withStale(options: { staleIfError?: number } = {}) {
  const under = createCache();
  await under.manager.getOrSet('k', () => 'old', { ttl: 10, staleIfError: options.staleIfError ?? 60 });
  await under.clock.advance(10_001);
  return under;
}

describe('hardTimeout', () => {
  it('fails the call after so many milliseconds, not before', async () => {
    const { manager, clock } = createCache();
    const { load } = heldLoad(1);
    const call = manager.getOrSet('k', load, { hardTimeout: 100 });
    await clock.advance(99);
    expect(await stateOf(call, clock)).toBe('waits');
    await clock.advance(1);
    expect(await stateOf(call, clock)).toMatchObject({
      code: 'CACHE_LOAD_TIMEOUT',
      message: 'The load of "k" took longer than 100 ms (hardTimeout).',
    });
  });

  it('leaves the load alone: it goes on behind and fills the cache', async () => {
    const { manager, clock } = createCache();
    const { load, open } = heldLoad('late');
    const call = manager.getOrSet('k', load, { hardTimeout: 100 });
    const failed = expect(call).rejects.toMatchObject({ code: 'CACHE_LOAD_TIMEOUT' });
    await clock.advance(100);
    await failed;
    open();
    await clock.advance(0);
    expect(await manager.get('k')).toBe('late');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('is the patience of one caller: who joined with more of it gets the value', async () => {
    const { manager, clock } = createCache();
    const { load, open } = heldLoad('late');
    const hasty = manager.getOrSet('k', load, { hardTimeout: 100 });
    const patient = manager.getOrSet('k', load);
    const hastier = manager.getOrSet('k', load, { hardTimeout: 50 });
    await clock.advance(50);
    expect(await stateOf(hastier, clock)).toMatchObject({ code: 'CACHE_LOAD_TIMEOUT' });
    expect(await stateOf(hasty, clock)).toBe('waits');
    await clock.advance(50);
    expect(await stateOf(hasty, clock)).toMatchObject({ code: 'CACHE_LOAD_TIMEOUT' });
    open();
    expect(await patient).toBe('late');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('is one time for all that the caller waits for: a load whose value it cannot be handed, then its own', async () => {
    const { manager, clock } = createCache();
    const leader = manager.getOrSet<unknown>('k', slowLoad(clock, 60, { call: () => 'cannot be copied' }));
    const own = slowLoad(clock, 60_000, 'own');
    const joined = manager.getOrSet<unknown>('k', own, { hardTimeout: 100 });
    await clock.advance(99);
    expect(own).toHaveBeenCalledTimes(1);
    expect(await stateOf(joined, clock)).toBe('waits');
    await clock.advance(1);
    expect(await stateOf(joined, clock)).toMatchObject({ code: 'CACHE_LOAD_TIMEOUT' });
    await leader;
  });

  it('leaves no timer behind when the load is in time', async () => {
    const { manager, clock } = createCache();
    expect(await manager.getOrSet('k', () => 1, { hardTimeout: 100, softTimeout: 50 })).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not reported as an unhandled rejection when the load fails after it', async () => {
    const { manager, clock } = createCache();
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const { load, fail } = heldLoad(1);
    const call = manager.getOrSet('k', load, { hardTimeout: 100 }).catch(() => 'timed out');
    await clock.advance(100);
    expect(await call).toBe('timed out');
    fail(new Error('too late for anyone'));
    await clock.advance(0);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    expect(await manager.getOrSet('k', () => 'next')).toBe('next');
  });

  it('serves the stale value instead, where staleIfError allows one', async () => {
    const { manager, clock } = await withStale();
    const { load } = heldLoad('new');
    const call = manager.getOrSet('k', load, { hardTimeout: 100, staleIfError: 60 });
    await clock.advance(100);
    expect(await call).toBe('old');
  });
});

describe('softTimeout', () => {
  it('serves the stale value after so many milliseconds; the load goes on and fills the cache', async () => {
    const { manager, clock, told } = await withStale();
    const { load, open } = heldLoad('new');
    const call = manager.getOrSet('k', load, { softTimeout: 100, staleIfError: 60 });
    await clock.advance(99);
    expect(await stateOf(call, clock)).toBe('waits');
    await clock.advance(1);
    expect(await stateOf(call, clock)).toBe('old');
    expect(told('read').at(-1)).toMatchObject({ key: 'k', outcome: 'stale' });
    open();
    await clock.advance(0);
    expect(await manager.get('k')).toBe('new');
  });

  it('prefers the new value when it is in time', async () => {
    const { manager, clock } = await withStale();
    const call = manager.getOrSet('k', slowLoad(clock, 99, 'new'), { softTimeout: 100, staleIfError: 60 });
    await clock.advance(100);
    expect(await call).toBe('new');
  });

  it('of 0 does not wait at all', async () => {
    const { manager, clock } = await withStale();
    const { load } = heldLoad('new');
    const call = manager.getOrSet('k', load, { softTimeout: 0, staleIfError: 60 });
    expect(await stateOf(call, clock)).toBe('old');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('does not fail a call that has no stale value to fall back on', async () => {
    const { manager, clock } = createCache();
    const call = manager.getOrSet('k', slowLoad(clock, 5_000, 'new'), { softTimeout: 100, staleIfError: 60 });
    await clock.advance(5_000);
    expect(await call).toBe('new');
  });

  it('means nothing without staleIfError: a stale value nobody allowed is not served', async () => {
    const { manager, clock } = await withStale();
    const call = manager.getOrSet('k', slowLoad(clock, 5_000, 'new'), { softTimeout: 100 });
    await clock.advance(5_000);
    expect(await call).toBe('new');
  });

  it('does not fail a call whose stale value runs out while it waits: it goes on waiting', async () => {
    const { manager, clock } = await withStale({ staleIfError: 1 }); // 10.001 s old: 999 ms are left
    const call = manager.getOrSet('k', slowLoad(clock, 5_000, 'new'), { softTimeout: 2_000, staleIfError: 1 });
    await clock.advance(5_000);
    expect(await stateOf(call, clock)).toBe('new');
  });

  it('leaves hardTimeout its own time when the stale value runs out meanwhile', async () => {
    const { manager, clock } = await withStale({ staleIfError: 1 });
    const { load } = heldLoad('new');
    const call = manager.getOrSet('k', load, { softTimeout: 2_000, hardTimeout: 3_000, staleIfError: 1 });
    await clock.advance(2_999);
    expect(await stateOf(call, clock)).toBe('waits');
    await clock.advance(1);
    expect(await stateOf(call, clock)).toMatchObject({ message: expect.stringContaining('3000 ms (hardTimeout)') });
  });

  it('never serves a value that was invalidated before the call', async () => {
    const { manager, clock } = await withStale();
    await manager.delete('k');
    const { load } = heldLoad('new');
    const call = manager.getOrSet('k', load, { softTimeout: 100, hardTimeout: 200, staleIfError: 60 });
    await clock.advance(200);
    expect(await stateOf(call, clock)).toMatchObject({ code: 'CACHE_LOAD_TIMEOUT' });
  });
});

describe('options of the cache', () => {
  it('set softTimeout, hardTimeout and staleIfError for every call; the call wins', async () => {
    const { manager, clock } = createCache({ hardTimeout: 100, softTimeout: 10, staleIfError: 60, defaultTtl: 10 });
    const { load } = heldLoad('new');
    const byDefault = manager.getOrSet('k', load);
    const byCall = manager.getOrSet('other', load, { hardTimeout: 200 });
    await clock.advance(100);
    expect(await stateOf(byDefault, clock)).toMatchObject({ code: 'CACHE_LOAD_TIMEOUT' });
    expect(await stateOf(byCall, clock)).toBe('waits');
    await clock.advance(100);
    expect(await stateOf(byCall, clock)).toMatchObject({ code: 'CACHE_LOAD_TIMEOUT' });

    await manager.set('s', 'old');
    await clock.advance(10_001);
    const stale = manager.getOrSet('s', load);
    await clock.advance(10);
    expect(await stateOf(stale, clock)).toBe('old');
  });
});
