import { FakeClock, systemClock } from '@mobius1/kernel';
import { Backlog } from '../../libs/cache/src/core/backlog.js';
import { CacheEngine } from '../../libs/cache/src/core/engine.js';
import { tagName } from '../../libs/cache/src/core/generation.js';
import { StoreUnavailableError } from '../../libs/cache/src/core/errors.js';
import { RememberingStore } from '../../libs/cache/src/core/remembering-store.js';
import { MemoryStore } from '../../libs/cache/src/drivers/memory-store.js';
import { stateOf } from './cache.js';

const AWAY = new StoreUnavailableError('The store', 'it is away');

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

  describe('in great number', () => {
    const MANY = 1_000;
    const numbered = (name: string): string[] => Array.from({ length: MANY }, (_, i) => `${name}${i}`);
    const sizes: number[] = [];

    beforeEach(() => {
      sizes.length = 0;
      backlog = new Backlog();
      backlog.add({ ids: numbered('id'), names: numbered('t:') });
    });

    const tell = <T>(some: readonly string[], how: () => Promise<T>): Promise<T> => {
      if (sizes.push(some.length) === 3) return Promise.reject(AWAY);
      return how();
    };
    const tellable = (): MemoryStore =>
      Object.assign(new MemoryStore(), {
        draw: (names: string[], which: 'all') => tell(names, () => store.draw(names, which)),
        delete: (ids: string[]) => tell(ids, () => store.delete(ids)),
      });

    it('are told in steps that a store can take in the time of one command; those that were told are not told again', async () => {
      await expect(backlog.replay(tellable())).rejects.toBe(AWAY);
      const [first = 0, second = 0] = sizes;
      expect(backlog.size).toBe(2 * MANY - first - second);
      expect(await backlog.replay(tellable())).toBe(2 * MANY - first - second);
      expect(backlog.size).toBe(0);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(MANY / 2);
    });

    it('are carried out in such steps at once, too', async () => {
      const remembering = new RememberingStore(tellable(), systemClock);
      const all = { ids: numbered('id'), names: numbered('t:') };
      expect(await remembering.invalidate(all)).toEqual({ removed: 0, remembered: true });
      expect(await remembering.invalidate(all)).toEqual({ removed: 0, remembered: false });
      expect(remembering.remembered).toBe(0);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(MANY / 2);
    });
  });
});

/** A store that can be away, and slow to delete. */
class FickleStore extends MemoryStore {
  away = false;
  slow: Promise<void> | undefined;

  override async delete(ids: readonly string[]): Promise<number> {
    if (this.away) throw AWAY;
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

  describe('and takes long to tell, such as a pattern', () => {
    let told: () => void;

    beforeEach(() => {
      store.away = false;
      store.slow = new Promise((resolve) => (told = resolve));
    });

    it('is waited for by nobody for longer than half a second (G10)', async () => {
      const load = jest.fn(() => 'loaded');
      const first = engine.getOrSet('other', load);
      await clock.advance(499);
      expect(await stateOf(first, clock)).toBe('waits');
      await clock.advance(1);
      expect(await first).toBe('loaded');
      expect(await stateOf(engine.getOrSet('another', load), clock)).toBe('loaded'); // no time has passed
      told();
      await clock.advance(0);
      expect(engine.remembered).toBe(0);
      for (let i = 0; i < 2; i++) expect(await engine.getOrSet('other', load)).toBe('loaded');
      expect(load).toHaveBeenCalledTimes(3);
    });

    it('does not hold up the end', async () => {
      const closing = engine.close(100);
      await clock.advance(99);
      expect(await stateOf(closing, clock)).toBe('waits');
      await clock.advance(1);
      expect(await stateOf(closing, clock)).toBeUndefined();
    });
  });

  it('is tried no more after the end', async () => {
    await engine.close();
    store.away = false;
    await clock.advance(60_000);
    expect(engine.remembered).toBe(1);
  });
});

it('an invalidation that fails just when others were told comes before the reads that waited for those', async () => {
  for (let turns = 0; turns < 20; turns++) {
    const store = new MemoryStore();
    const remembering = new RememberingStore(store, systemClock);
    const answers: { resolve: (removed: number) => void; reject: (error: Error) => void }[] = [];
    store.delete = () => new Promise((resolve, reject) => answers.push({ resolve, reject }));
    const owed: number[] = [];
    store.read = () => {
      owed.push(remembering.remembered);
      return Promise.reject(AWAY);
    };
    const before = [remembering.invalidate({ ids: ['a'] }), remembering.invalidate({ ids: ['b'] })];
    answers[0]?.reject(AWAY);
    await before[0];
    const read = remembering.read({ id: 'b', names: [] }).catch(() => undefined); // tells of `a` first
    answers[2]?.resolve(0);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    answers[1]?.reject(AWAY);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    answers[3]?.resolve(0);
    await read;
    // Where it had not failed before the read left, nothing was owed either.
    expect(owed).toEqual([0]);
  }
});
