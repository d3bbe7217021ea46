import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { redisOptions } from '../support/cache.js';
import { eventually } from '../support/eventually.js';

/** A load of which the test decides when it ends, and how. */
function held<T>() {
  let open: (value: T) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const gate = new Promise<T>((resolve, reject) => ([open, fail] = [resolve, reject]));
  return { load: jest.fn(() => gate), open, fail };
}

const messageOf = (error: unknown): string => (error as Error).message;

const instances: CacheInstance[] = [];

/** Several instances on one Redis, as in several processes. */
async function start(count: number, options: CacheOptions): Promise<CacheInstance[]> {
  const redis = redisOptions();
  const started = Array.from({ length: count }, () => new CacheInstance({ redis, ...options }));
  instances.push(...started);
  await Promise.all(started.map((instance) => instance.connect()));
  await eventually(() => started.every(({ near }) => near?.coherence !== 'deaf'), { what: 'all listen' });
  return started;
}

afterEach(async () => {
  await Promise.all(instances.splice(0).map((instance) => instance.close()));
});

/** Resolves when this many flights of these instances wait for a load elsewhere. */
const waiting = async (count: number, others: CacheInstance[]): Promise<unknown> =>
  eventually(() => others.reduce((sum, { engine }) => sum + engine.counts.waits, 0) >= count, { what: 'all wait' });

describe.each([
  ['with', {}],
  ['without', { l1: false }],
] as [string, CacheOptions][])('loads that several processes want, %s the tier', (_with, options) => {
  it('G6: when a load fails, those who waited for it load at once, not one after the other', async () => {
    const [first, ...others] = await start(4, options);
    const failing = held<string>();
    const one = first!.manager.getOrSet('k', failing.load).catch(messageOf);
    await eventually(() => failing.load.mock.calls.length === 1, { what: 'the first load runs' });
    const loads = others.map(() => held<string>());
    const rest = others.map(({ manager }, i) => manager.getOrSet('k', loads[i]!.load).catch(messageOf));
    await waiting(3, others);
    failing.fail(new Error('down'));
    // None of these loads ends before all of them have begun.
    await eventually(() => loads.every(({ load }) => load.mock.calls.length === 1), { what: 'all others load' });
    loads.forEach(({ fail }) => fail(new Error('still down')));
    expect(await Promise.all([one, ...rest])).toEqual(['down', 'still down', 'still down', 'still down']);
    expect(others.reduce((sum, { engine }) => sum + engine.counts.takeOvers, 0)).toBe(1);
  });

  it('a value that may not be stored does not make the processes queue, either', async () => {
    const [first, ...others] = await start(3, options);
    const refused = { unless: () => true };
    const slow = held<string>();
    const one = first!.manager.getOrSet('k', slow.load, refused);
    await eventually(() => slow.load.mock.calls.length === 1, { what: 'the first load runs' });
    const loads = others.map(() => held<string>());
    const rest = others.map(({ manager }, i) => manager.getOrSet('k', loads[i]!.load, refused));
    await waiting(2, others);
    slow.open('first');
    await eventually(() => loads.every(({ load }) => load.mock.calls.length === 1), { what: 'all others load' });
    loads.forEach(({ open }) => open('other'));
    expect(await Promise.all([one, ...rest])).toEqual(['first', 'other', 'other']);
  });

  it('after an invalidation one of those who wait loads for all of them', async () => {
    const [first, ...others] = await start(4, options);
    const old = held<string>();
    const one = first!.manager.getOrSet('k', old.load);
    await eventually(() => old.load.mock.calls.length === 1, { what: 'the first load runs' });
    const load = jest.fn(async () => 'new');
    const rest = others.map(({ manager }) => manager.getOrSet('k', load));
    await waiting(3, others);
    await others[0]!.manager.delete('k');
    expect(await Promise.all(rest)).toEqual(['new', 'new', 'new']);
    expect(load).toHaveBeenCalledTimes(1);
    old.open('old');
    expect(await one).toBe('old');
    expect(await others[1]!.manager.get('k')).toBe('new');
  });

  it('batches with common keys: each key is loaded once, whoever comes first, and nobody waits in a circle', async () => {
    const [here, there] = await start(2, options);
    const keys = Array.from({ length: 40 }, (_, i) => `k${i}`);
    const load = jest.fn(async (missing: string[]) => new Map(missing.map((key) => [key, key.length])));
    const many = [here, there].flatMap((cache, i) => {
      const order = i === 0 ? keys : [...keys].reverse();
      return [
        cache!.manager.getOrSetMany(order, load, { ttl: 60, tags: ['t'] }),
        cache!.manager.getOrSetMany(order, load),
      ];
    });
    const values = await Promise.all(many);
    expect(new Set(values.map((row) => row.join()))).toEqual(
      new Set([keys, [...keys].reverse()].map((row) => row.map((key) => key.length).join())),
    );
    expect(load.mock.calls.flat(2).sort()).toEqual([...keys].sort());
  });

  it('a batch takes over the keys of a batch elsewhere that failed, in one round', async () => {
    const [here, there] = await start(2, options);
    const keys = ['a', 'b', 'c'];
    const failing = held<string[]>();
    const one = here!.manager.getOrSetMany(keys, failing.load).catch(messageOf);
    await eventually(() => failing.load.mock.calls.length === 1, { what: 'the first batch loads' });
    const load = jest.fn(async (missing: string[]) => new Map(missing.map((key) => [key, `${key}!`])));
    const two = there!.manager.getOrSetMany([...keys, 'd'], load);
    await waiting(3, [there!]);
    failing.fail(new Error('down'));
    expect(await one).toBe('down');
    expect(await two).toEqual(['a!', 'b!', 'c!', 'd!']);
    expect(load.mock.calls.flat(2).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(load.mock.calls[0]).toEqual([['d']]);
    expect(load.mock.calls.length).toBeLessThanOrEqual(4);
  });

  it('a batch is a few commands, however many keys it has', async () => {
    const [cache] = await start(1, options);
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
    const client = cache!.connection!.client as unknown as Record<string, unknown>;
    const reads = jest.spyOn(client as { mgetBuffer: () => unknown }, 'mgetBuffer');
    await cache!.manager.getOrSetMany(keys, (missing) => missing.map(() => 1));
    expect(reads.mock.calls.length).toBeLessThanOrEqual(2);
  });
});
