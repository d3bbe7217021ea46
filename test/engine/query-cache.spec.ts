import { QueryCache } from '../../libs/cache/src/features/query/query-cache.js';
import { createCache } from './cache.js';

const ROW = {
  at: new Date('2026-01-05T09:00:00Z'),
  id: 2n ** 60n,
  bytes: new Uint8Array([1, 2, 255]),
  nothing: null,
};

describe('the query cache', () => {
  let queries: QueryCache;
  let manager: ReturnType<typeof createCache>['manager'];
  let clock: ReturnType<typeof createCache>['clock'];
  let asked: string[];
  /** A query that says that it was run. */
  const ask = (name: string) => () => {
    asked.push(name);
    return Promise.resolve(name);
  };

  beforeEach(() => {
    ({ manager, clock } = createCache());
    queries = new QueryCache(manager);
    asked = [];
  });

  it('asks once, and again after its TTL', async () => {
    for (let i = 0; i < 3; i++) expect(await queries.cacheQuery('q', ask('rows'), { ttl: 10 })).toBe('rows');
    await clock.advance(10_000);
    await queries.cacheQuery('q', ask('later'), { ttl: 10 });
    expect(asked).toEqual(['rows', 'later']);
  });

  it('gives rows back as they were (G7)', async () => {
    await queries.cacheQuery('q', () => ROW);
    expect(await queries.cacheQuery('q', () => Promise.reject(new Error('asked')))).toEqual(ROW);
    await queries.cacheQuery('none', () => null);
    expect(await queries.cacheQuery('none', () => 'asked')).toBeNull();
  });

  describe('keeps workspaces apart', () => {
    it('by the key', async () => {
      await queries.cacheQuery('q', ask('of a'), { workspaceId: 'a' });
      expect(await queries.cacheQuery('q', ask('of b'), { workspaceId: 'b' })).toBe('of b');
      expect(await queries.cacheQuery('q', ask('of nobody'))).toBe('of nobody');
      expect(await queries.cacheQuery('q', ask('again'), { workspaceId: 'a' })).toBe('of a');
    });

    it.each([
      [{ workspaceId: 'a' }, 'b:c', { workspaceId: 'a:b' }, 'c'],
      [{ workspaceId: 'a%3Ab' }, 'c', { workspaceId: 'a:b' }, 'c'],
      [{}, 'a:q', { workspaceId: 'a' }, 'q'],
      [{}, ':q', {}, 'q'],
    ])('whatever is in their names: %j %j is not %j %j', async (one, key, other, otherKey) => {
      await queries.cacheQuery(key, ask('one'), one);
      expect(await queries.cacheQuery(otherKey, ask('other'), other)).toBe('other');
    });

    it('and refuses one that is missing by mistake: its rows would be everybody’s', async () => {
      const missing = { workspaceId: undefined as never };
      await expect(queries.cacheQuery('q', ask('x'), missing)).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
      await expect(queries.cacheQuery('q', ask('x'), { workspaceId: '' })).rejects.toThrow(/empty/);
      await expect(queries.cacheList('l', 1, 1, ask('x'), missing)).rejects.toThrow(/undefined/);
      await expect(queries.cacheDocument('d', undefined as never, ask('x'))).rejects.toThrow(/undefined/);
      expect(asked).toEqual([]);
    });
  });

  describe('knows what queries are about', () => {
    const all = async (): Promise<void> => {
      await queries.cacheUser('u', ask('user'), 60);
      await queries.cacheWorkspace('w', ask('workspace'), '5m');
      await queries.cacheDocument('d', 'w', ask('document'), 60);
      await queries.cacheTemplate('t', ask('template'), { ttl: 60, tags: ['templates'] });
      await queries.cacheList('docs', 1, 10, ask('page 1'), { workspaceId: 'w' });
      await queries.cacheList('docs', 2, 10, ask('page 2'), { workspaceId: 'w' });
      await queries.cacheList('docs', 1, 20, ask('page of 20'), { workspaceId: 'w' });
      await queries.cacheList('docs', 1, 10, ask('of all'));
      await queries.cacheQuery('q', ask('query'), { workspaceId: 'w', tags: ['documents', 'user:u'] });
    };
    const OF_WORKSPACE = ['workspace', 'document', 'page 1', 'page 2', 'page of 20', 'query'];

    it.each<[string, () => Promise<void>, string[]]>([
      ['invalidateUser', () => queries.invalidateUser('u'), ['user', 'query']],
      ['invalidateWorkspace', () => queries.invalidateWorkspace('w'), OF_WORKSPACE],
      ['invalidateDocument', () => queries.invalidateDocument('d'), ['document']],
      ['invalidateTemplate', () => queries.invalidateTemplate('t'), ['template']],
      [
        'invalidateList',
        () => queries.invalidateList('docs', { workspaceId: 'w' }),
        ['page 1', 'page 2', 'page of 20'],
      ],
      ['invalidateList of all', () => queries.invalidateList('docs'), ['of all']],
      ['invalidateByTag', () => queries.invalidateByTag(['documents', 'templates']), ['template', 'query']],
      ['invalidateQuery', () => queries.invalidateQuery('q', { workspaceId: 'w' }), ['query']],
      ['invalidateQuery elsewhere', () => queries.invalidateQuery('q'), []],
      ['a tag of the general cache', () => manager.invalidateByTag('template:t'), ['template']],
    ])('%s makes void what is concerned, and nothing else', async (_, invalidate, concerned) => {
      await all();
      asked = [];
      await all();
      expect(asked).toEqual([]);
      await invalidate();
      await all();
      expect(asked).toEqual(concerned);
    });

    it('and takes tags from what was found, too', async () => {
      const load = () => queries.cacheUser('u', ask('user'), { tags: (name) => [`named-${name}`] });
      await load();
      await queries.invalidateByTag('named-user');
      await load();
      await load();
      await queries.invalidateUser('u');
      await load();
      expect(asked).toEqual(['user', 'user', 'user']);
    });
  });

  it('keeps a query apart from what it is named like (G9)', async () => {
    const within = { workspaceId: 'w1' };
    expect(await queries.cacheUser('1', ask('user'))).toBe('user');
    expect(await queries.cacheQuery('user:1', ask('query of the user'))).toBe('query of the user');
    expect(await queries.cacheDocument('1', 'w1', ask('document'))).toBe('document');
    expect(await queries.cacheQuery('document:1', ask('query'), within)).toBe('query');
    expect(await queries.cacheList('l', 1, 10, ask('list'))).toBe('list');
    expect(await queries.cacheQuery('list:l:1:10', ask('query of the list'))).toBe('query of the list');
    await queries.invalidateQuery('user:1');
    expect(await queries.cacheUser('1', ask('again'))).toBe('user');
  });

  it('tells a list which rows a page has, and refuses pages that are none', async () => {
    expect(await queries.cacheList('l', 3, 20, (rows) => rows)).toEqual({ page: 3, pageSize: 20, skip: 40, take: 20 });
    for (const [page, size] of [
      [0, 10],
      [1, 0],
      [1.5, 10],
      [NaN, 10],
      [undefined as never, 10],
    ] as const) {
      await expect(queries.cacheList('l', page, size, ask('x'))).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    }
    expect(asked).toEqual([]);
  });

  it('warms up a few at a time, and goes on when one fails', async () => {
    let running = 0;
    let most = 0;
    const slow = async (): Promise<number> => {
      most = Math.max(most, ++running);
      await clock.sleep(1);
      return running--;
    };
    const all = Array.from({ length: 20 }, (_, i) => ({ key: `q${i}`, query: slow, ttl: 60, workspaceId: 'w' }));
    const done = queries.warmUp([{ key: 'bad', query: () => Promise.reject(new Error('no')) }, ...all]);
    for (let i = 0; i < 20; i++) await clock.advance(1);
    expect(await done).toEqual({ warmed: 20, failed: 1 });
    expect(most).toBe(4);
    await queries.cacheQuery('q7', ask('again'), { workspaceId: 'w' });
    expect(asked).toEqual([]);
  });

  it('counts what it did', async () => {
    expect(queries.getStats()).toEqual({ queries: 0, executed: 0, failed: 0, hitRate: 0, invalidations: 0 });
    for (let i = 0; i < 3; i++) await queries.cacheQuery('q', ask('rows'));
    await queries.cacheQuery('bad', () => Promise.reject(new Error('no'))).catch(() => undefined);
    await queries.invalidateUser('u');
    expect(queries.getStats()).toEqual({ queries: 4, executed: 2, failed: 1, hitRate: 50, invalidations: 1 });
  });
});
