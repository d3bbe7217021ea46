import { FakeClock } from '@mobius1/kernel';
import { Backlog } from '../../libs/cache/src/core/backlog.js';
import { CacheEngine } from '../../libs/cache/src/core/engine.js';
import { tagName } from '../../libs/cache/src/core/generation.js';
import { StoreUnavailableError } from '../../libs/cache/src/core/errors.js';
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

/** A store that can be away, and slow to delete. */
class FickleStore extends MemoryStore {
  away = false;
  slow: Promise<void> | undefined;

  override async delete(ids: readonly string[]): Promise<number> {
    if (this.away) throw new StoreUnavailableError('The store', 'it is away');
    await this.slow;
    return super.delete(ids);
  }
}

describe('an invalidation that the store could not be told', () => {
  let clock: FakeClock;
  let store: FickleStore;
  let engine: CacheEngine;

  beforeEach(async () => {
    clock = new FakeClock();
    store = new FickleStore({ clock });
    engine = new CacheEngine({ store, clock });
    await engine.set('k', 'old', { ttl: 600 });
    store.away = true;
    await engine.invalidate({ keys: ['k'] });
    expect(engine.remembered).toBe(1);
  });

  it('is told as soon as the store answers again, even if nobody asks this process for anything', async () => {
    await clock.advance(60_000);
    expect([engine.remembered, store.peek('k')?.value()]).toEqual([1, 'old']);
    store.away = false;
    await clock.advance(2_000);
    expect([engine.remembered, store.peek('k')]).toEqual([0, undefined]);
  });

  it('counts as remembered until the store has surely been told', async () => {
    store.away = false;
    let told: () => void = () => undefined;
    store.slow = new Promise((resolve) => (told = resolve));
    const replay = engine.replay();
    await clock.advance(0);
    expect(engine.remembered).toBe(1);
    told();
    await replay;
    expect(engine.remembered).toBe(0);
  });

  it('is tried no more after the end', async () => {
    await engine.close();
    store.away = false;
    await clock.advance(60_000);
    expect(engine.remembered).toBe(1);
  });
});
