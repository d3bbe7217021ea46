import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { LoadOptions } from '../../libs/cache/src/core/options.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { redisOptions } from '../support/cache.js';
import { eventually } from '../support/eventually.js';

/** A load that is held until the test lets it go on. */
function held<T>(value: T) {
  let open: () => void = () => undefined;
  let started: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const running = new Promise<void>((resolve) => (started = resolve));
  const load = jest.fn(async () => {
    started();
    await gate;
    return value;
  });
  return { load, running, open };
}

interface Setup {
  /** The process under test. */
  readonly here: CacheInstance;
  /** Another process on the same store; the same one where the store is not shared. */
  readonly there: CacheInstance;
  readonly close: () => Promise<void>;
}

const setups: [string, () => Promise<Setup>][] = [
  [
    'memory',
    async () => {
      const here = new CacheInstance();
      return { here, there: here, close: () => here.close() };
    },
  ],
  ['redis', () => onRedis({ l1: false })],
  ['tiered', () => onRedis({})],
];

async function onRedis(options: CacheOptions): Promise<Setup> {
  const redis = redisOptions();
  const here = new CacheInstance({ redis, ...options });
  const there = new CacheInstance({ redis, ...options });
  await Promise.all([here.connect(), there.connect()]);
  await eventually(() => [here, there].every(({ near }) => near?.coherence !== 'deaf'), { what: 'both listen' });
  const close = async (): Promise<void> => {
    await here.manager.clear();
    await Promise.all([here.close(), there.close()]);
  };
  return { here, there, close };
}

/** Everything that invalidates `k` in namespace `ns` with tag `t`. */
const invalidations: [string, (cache: CacheInstance) => Promise<unknown>][] = [
  ['delete', ({ manager }) => manager.delete('k', { namespace: 'ns' })],
  ['set', ({ manager }) => manager.set('k', 'set', { namespace: 'ns' })],
  ['put', ({ manager }) => manager.put('k', () => 'put', { namespace: 'ns' })],
  ['invalidateByTag', ({ manager }) => manager.invalidateByTag('t')],
  ['invalidateByTag in the namespace', ({ manager }) => manager.invalidateByTag('t', { namespace: 'ns' })],
  ['invalidatePattern', ({ manager }) => manager.invalidatePattern('[jk]*', { namespace: 'ns' })],
  ['clear of the namespace', ({ manager }) => manager.clear('ns')],
  ['clear of everything', ({ manager }) => manager.clear()],
];

describe.each(setups)('coherence on the %s store', (_name, make) => {
  const options = { namespace: 'ns', tags: ['t'], ttl: 60 };
  let here: CacheInstance;
  let there: CacheInstance;
  let close: () => Promise<void>;

  beforeEach(async () => ({ here, there, close } = await make()));
  afterEach(() => close());

  /** News from the other process takes one message; it is here when this returns. */
  const heard = (): Promise<unknown> => Promise.all([here, there].map(async ({ near }) => near?.catchUp()));

  describe.each(invalidations)('G1: a fill never wins over %s', (_kind, invalidate) => {
    it.each(['this process', 'another process'])('called by %s during the load', async (by) => {
      const old = held('old');
      const first = here.manager.getOrSet('k', old.load, options);
      await old.running;
      await invalidate(by === 'this process' ? here : there);
      await heard();
      old.open();
      expect(await first).toBe('old'); // who ran the load gets its value

      for (const cache of [here, there]) {
        expect(await cache.manager.get('k', { namespace: 'ns' })).not.toBe('old');
        expect(await cache.manager.getOrSet('k', () => 'new', options)).not.toBe('old');
      }
    });

    it('called while the value is refreshed behind a stale one', async () => {
      const stale = { ...options, ttl: '1ms' as const, staleWhileRevalidate: 60 };
      await here.manager.getOrSet('k', () => 'stale', stale);
      const old = held('old');
      const reads = async (): Promise<unknown> =>
        here.manager.getOrSet('k', old.load, { ...options, staleWhileRevalidate: 60 });
      await eventually(
        async () => {
          expect(await reads()).toBe('stale');
          return old.load.mock.calls.length > 0;
        },
        { what: 'the refresh runs' },
      );
      await old.running;
      await invalidate(there);
      await heard();
      old.open();
      const after = await here.manager.getOrSet('k', () => 'new', options);
      expect(['new', 'set', 'put']).toContain(after);
      await heard();
      expect(await there.manager.get('k', { namespace: 'ns' })).toBe(after);
    });
  });

  describe.each(invalidations)('G2: who comes after %s never gets the older value', (_kind, invalidate) => {
    const late = { ...options, tags: () => ['t'] };
    const never = { unless: () => true };
    const loads: [string, LoadOptions<string>][] = [
      ['a load with tags', options],
      ['a load with tags that only the value knows', late],
      ['a load whose value is not stored', { ...options, ...never }],
      ['a load whose value is not stored and alone knows its tags', { ...late, ...never }],
    ];
    const callers = ['this process', 'another process'];
    const cases = loads.flatMap(([kind, load]) => callers.map((by) => [by, kind, load] as const));
    it.each(cases)('called by %s, during %s', async (by, _load, load) => {
      await here.manager.getOrSet('other', () => 1, late); // the tag has a generation
      const old = held('old');
      const first = here.manager.getOrSet('k', old.load, load);
      await old.running;
      const joined = here.manager.getOrSet('k', () => 'joined', load);
      await invalidate(by === 'this process' ? here : there);
      await heard();
      const after = here.manager.getOrSet('k', () => 'new', load);
      await here.manager.exists('other'); // both have looked and wait by now
      old.open();
      expect(await first).toBe('old');
      expect(await after).not.toBe('old');
      await joined; // came before: old or new
    });

    it('even when the value was cached long before', async () => {
      await here.manager.getOrSet('k', () => 'old', options);
      expect(await there.manager.get('k', { namespace: 'ns' })).toBe('old');
      await invalidate(there);
      await heard();
      expect(await here.manager.get('k', { namespace: 'ns' })).not.toBe('old');
      expect(await here.manager.getOrSet('k', () => 'new', options)).not.toBe('old');
    });
  });

  describe('G3: tags', () => {
    it('that only the value knows are cached at once when nothing was invalidated during the load', async () => {
      const load = jest.fn(() => ({ id: 7 }));
      const late = { tags: (value: { id: number }) => [`user-${value.id}`] };
      await here.manager.getOrSet('u', load, late);
      await here.manager.getOrSet('u', load, late);
      await here.manager.getOrSet('u', load, late);
      expect(load).toHaveBeenCalledTimes(1);
      await there.manager.invalidateByTag('user-7');
      await heard();
      await here.manager.getOrSet('u', load, late);
      await here.manager.getOrSet('u', load, late);
      expect(load).toHaveBeenCalledTimes(2);
    });

    it('that only the value knows, and nobody knew before, are not cached when anything was invalidated meanwhile', async () => {
      const late = { tags: () => ['new'] };
      const old = held('old');
      const first = here.manager.getOrSet('k', old.load, late);
      await old.running;
      await there.manager.invalidateByTag('another');
      await heard();
      old.open();
      expect(await first).toBe('old');
      expect(await here.manager.get('k')).toBeUndefined();
      expect(await here.manager.getOrSet('k', () => 'next', late)).toBe('next'); // its tags are known now
      await there.manager.invalidateByTag('another');
      await heard();
      expect(await here.manager.get('k')).toBe('next');
    });

    it('that only the value knows are not stored when invalidated during the load', async () => {
      const late = { tags: () => ['late'] };
      await here.manager.getOrSet('other', () => 'known', late); // draws the generation
      const old = held('old');
      const first = here.manager.getOrSet('k', old.load, late);
      await old.running;
      await there.manager.invalidateByTag('late');
      await heard();
      old.open();
      expect(await first).toBe('old');
      expect(await here.manager.get('k')).toBeUndefined();
    });

    it('of one namespace leave the others alone; a tag without a namespace means all', async () => {
      const put = async (namespace: string | undefined): Promise<unknown> =>
        here.manager.set('k', 1, { tags: ['t'], ...(namespace === undefined ? {} : { namespace }) });
      const all = [undefined, 'a', 'b'];
      const present = async (): Promise<boolean[]> =>
        Promise.all(all.map((namespace) => there.manager.exists('k', namespace === undefined ? {} : { namespace })));
      await Promise.all(all.map(put));
      await there.manager.invalidateByTag('t', { namespace: 'a' });
      await heard();
      expect(await present()).toEqual([true, false, true]);
      await there.manager.invalidateByTag('t');
      await heard();
      expect(await present()).toEqual([false, false, false]);
    });

    it('that were never used do no harm', async () => {
      await here.manager.set('k', 1, { tags: ['t'] });
      await there.manager.invalidateByTag('other');
      await heard();
      expect(await here.manager.get('k')).toBe(1);
    });
  });

  describe('one load', () => {
    it('for 500 callers on one cold key', async () => {
      const load = jest.fn(async () => ({ at: new Date(0), list: [1] }));
      const values = await Promise.all(Array.from({ length: 500 }, () => here.manager.getOrSet('cold', load)));
      expect(load).toHaveBeenCalledTimes(1);
      for (const value of values) expect(value).toEqual({ at: new Date(0), list: [1] });
    });

    it('for callers in two processes', async () => {
      const old = held('once');
      const first = here.manager.getOrSet('cold', old.load);
      await old.running;
      const others = [there, here, there].map(({ manager }) => manager.getOrSet('cold', old.load));
      old.open();
      expect(await Promise.all([first, ...others])).toEqual(['once', 'once', 'once', 'once']);
      expect(old.load).toHaveBeenCalledTimes(1);
    });

    it('whose failure reaches everyone who waited, and is not cached', async () => {
      const load = jest.fn(async () => Promise.reject(new Error('source is down')));
      const calls = Array.from({ length: 20 }, () => here.manager.getOrSet('k', load));
      const settled = await Promise.allSettled(calls);
      expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
      expect(load).toHaveBeenCalledTimes(1);
      expect(await here.manager.getOrSet('k', () => 'well')).toBe('well');
    });

    it('that asks for its own key fails with a clear error instead of waiting for itself', async () => {
      const own = here.manager.getOrSet('a', async (): Promise<unknown> => here.manager.getOrSet('a', () => 1));
      await expect(own).rejects.toMatchObject({ code: 'CACHE_RECURSIVE_LOAD' });
      const circle = async (key: string, next: string): Promise<unknown> =>
        here.manager.getOrSet(key, () => here.manager.getOrSet(next, () => circle(key, next)));
      await expect(circle('b', 'c')).rejects.toMatchObject({ code: 'CACHE_RECURSIVE_LOAD' });
    });

    it('inside another load is fine', async () => {
      const outer = here.manager.getOrSet('outer', async () => [await here.manager.getOrSet('inner', () => 1)]);
      expect(await outer).toEqual([1]);
    });

    it('of a value that cannot be copied runs for each caller, as without a cache', async () => {
      const load = jest.fn(async () => ({ call: () => 1 }));
      const values = await Promise.all(Array.from({ length: 5 }, () => here.manager.getOrSet('k', load)));
      expect(new Set(values).size).toBe(5);
      expect(load).toHaveBeenCalledTimes(5);
    });

    it('of undefined is returned to all and never cached', async () => {
      const load = jest.fn(async () => undefined);
      await Promise.all(Array.from({ length: 5 }, () => here.manager.getOrSet('k', load)));
      expect(load).toHaveBeenCalledTimes(1);
      await here.manager.getOrSet('k', load);
      expect(load).toHaveBeenCalledTimes(2);
    });
  });

  describe('G8: callers share no mutable state', () => {
    it('between the caller who loaded, those who joined and the cache', async () => {
      const source = { list: [1], at: new Date(0), map: new Map([['a', 1]]) };
      const values = await Promise.all(Array.from({ length: 4 }, () => here.manager.getOrSet('k', async () => source)));
      expect(values[0]).toBe(source); // never frozen, never copied: it is the caller's own
      source.list.push(2);
      for (const value of values.slice(1)) {
        value.at.setFullYear(1);
        value.map.clear();
        try {
          value.list.push(3);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError); // frozen
        }
      }
      expect(await here.manager.get('k')).toEqual({ list: [1], at: new Date(0), map: new Map([['a', 1]]) });
    });

    it('between set and get', async () => {
      const value = { list: [1] };
      await here.manager.set('k', value);
      value.list.push(2);
      expect(await here.manager.get('k')).toEqual({ list: [1] });
    });
  });
});
