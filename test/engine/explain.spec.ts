import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { redisOptions } from '../support/cache.js';
import { createCache, heldLoad, slowLoad } from './cache.js';

describe('explain', () => {
  it('tells of the age of an entry, and when it ends', async () => {
    const { manager, clock } = createCache();
    const load = slowLoad(clock, 40, 1);
    const loading = manager.getOrSet('k', load, { ttl: '1m', staleIfError: '1h', namespace: 'ns', tags: ['a'] });
    await clock.advance(40);
    await loading;
    await clock.advance(10_000);
    const about = { key: 'k', namespace: 'ns', id: 'ns|k', loading: false, dependsOn: ['*', 'ns/*', 'a', 'ns/a'] };
    const explained = await manager.explain('k', { namespace: 'ns' });
    expect(explained).toEqual({
      ...about,
      state: 'fresh',
      local: expect.any(Boolean),
      ageMs: 10_000,
      ttlMs: 50_000,
      costMs: 40,
    });
    await clock.advance(60_000);
    expect(await manager.explain('k', { namespace: 'ns' })).toMatchObject({ state: 'stale', ttlMs: 0 });
    expect(await manager.explain('k')).toEqual({ key: 'k', id: 'k', state: 'absent', local: false, loading: false });
  });

  it.each([
    ['a tag', (cache: CacheInstance) => cache.manager.invalidateByTag('a'), ['a']],
    [
      'a tag in its namespace',
      (cache: CacheInstance) => cache.manager.invalidateByTag('a', { namespace: 'ns' }),
      ['ns/a'],
    ],
  ])('tells what made it void: %s', async (_, invalidate, voidedBy) => {
    const { cache, manager } = createCache();
    await manager.set('k', 1, { namespace: 'ns', tags: ['a', 'b'] });
    await invalidate(cache);
    expect(await manager.explain('k', { namespace: 'ns' })).toMatchObject({ state: 'void', voidedBy });
  });

  it('tells of loads, counters, and changes nothing', async () => {
    const { manager } = createCache();
    const { load, open } = heldLoad('x');
    const loading = manager.getOrSet('k', load);
    while (load.mock.calls.length === 0) await new Promise(setImmediate);
    expect(await manager.explain('k')).toMatchObject({ state: 'loading', loading: true });
    open();
    await loading;
    await manager.increment('n');
    expect((await manager.explain('n')).state).toBe('counter');
    const { hits, misses } = await manager.getStats();
    expect([hits, misses]).toEqual([0, 1]);
  });

  it('tells of what stands in Redis, and that Redis does not answer', async () => {
    const redis = redisOptions();
    const [here, there] = [new CacheInstance({ redis }), new CacheInstance({ redis, l1: false })];
    await Promise.all([here.connect(), there.connect()]);
    await here.manager.set('k', 1, { tags: ['a'] });
    expect(await there.manager.explain('k')).toMatchObject({ state: 'fresh', local: false, dependsOn: ['*', 'a'] });
    await there.manager.invalidateByTag('a');
    expect(await there.manager.explain('k')).toMatchObject({ state: 'void', voidedBy: ['a'] });
    await Promise.all([here.close(), there.close()]);
    const away = new CacheInstance({ redis: { host: '127.0.0.1', port: 1 } });
    expect(await away.manager.explain('k')).toMatchObject({ state: 'unknown' });
    await away.close();
  });
});
