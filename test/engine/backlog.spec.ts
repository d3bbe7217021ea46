import { Backlog } from '../../libs/cache/src/core/backlog.js';
import { CacheEngine } from '../../libs/cache/src/core/engine.js';
import { tagName } from '../../libs/cache/src/core/generation.js';
import { MemoryStore } from '../../libs/cache/src/drivers/memory-store.js';

/** G11, where the memory of invalidations ends. */
describe('remembered invalidations', () => {
  const LIMIT = 3;
  let store: MemoryStore;
  let engine: CacheEngine;
  let backlog: Backlog;

  beforeEach(async () => {
    store = new MemoryStore();
    engine = new CacheEngine({ store });
    backlog = new Backlog(LIMIT);
    for (const key of ['a', 'b', 'c', 'd', 'other']) await engine.set(key, key, { tags: [`tag-${key}`] });
  });

  const left = async (): Promise<unknown[]> => {
    const values = await Promise.all(['a', 'b', 'c', 'd', 'other'].map((key) => engine.get(key)));
    return values.filter((value) => value !== undefined);
  };

  it('are told as they were, up to the limit', async () => {
    backlog.add({ ids: ['a'], names: [tagName('tag-b')], selections: [{ namespace: undefined, pattern: '[cd]' }] });
    expect(backlog.size).toBe(LIMIT);
    expect(await backlog.replay(store)).toBe(LIMIT);
    expect(backlog.size).toBe(0);
    expect(await left()).toEqual(['other']);
  });

  it('become one invalidation of everything beyond it: more is invalidated, never less', async () => {
    backlog.add({ ids: ['a', 'b'] });
    backlog.add({ ids: ['c', 'd'] });
    expect(backlog.size).toBe(1);
    backlog.add({ ids: ['a'] });
    expect(backlog.size).toBe(1);
    await backlog.replay(store);
    expect(await left()).toEqual([]);
  });
});
