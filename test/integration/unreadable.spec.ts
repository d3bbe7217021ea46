import { Redis } from 'ioredis';
import type * as instances from '../../libs/cache/src/instance/cache-instance.js';
import type * as types from '../../libs/cache/src/core/codec/value-types.js';
import { redisOptions } from '../support/cache.js';

class Money {
  constructor(readonly cents: number) {}
}

/** The library as another process has it: what one copy is taught, the other one does not know. */
function copyOfLibrary(): typeof instances & typeof types {
  let copy: unknown;
  jest.isolateModules(() => {
    copy = {
      ...jest.requireActual<object>('../../libs/cache/src/instance/cache-instance.js'),
      ...jest.requireActual<object>('../../libs/cache/src/core/codec/value-types.js'),
    };
  });
  return copy as typeof instances & typeof types;
}

/** As in a deployment: the new version of an application stores what the old one cannot read. */
describe.each([{ l1: false }, {}] as const)('an entry that this process cannot read (G7), with %j', (tier) => {
  const redis = new Redis(redisOptions().url ?? '');
  const ends: (() => unknown)[] = [];
  afterAll(() => redis.disconnect());
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  async function versions() {
    const options = redisOptions();
    const [older, newer] = [copyOfLibrary(), copyOfLibrary()];
    newer.registerValueType({
      name: 'Money',
      test: (value) => value instanceof Money,
      encode: ({ cents }: Money) => cents,
      decode: (cents) => new Money(cents),
    });
    const [old, fresh] = [older, newer].map(({ CacheInstance }) => {
      const cache = new CacheInstance({ ...tier, redis: options });
      ends.push(() => cache.close());
      return cache;
    }) as [instances.CacheInstance, instances.CacheInstance];
    await Promise.all([old.connect(), fresh.connect()]);
    return { old, fresh, key: `${options.keyPrefix}price` };
  }

  it('is a counted miss, and stays for those who can', async () => {
    const { old, fresh, key } = await versions();
    await fresh.manager.set('price', { of: new Money(5) });
    for (let i = 1; i <= 3; i++) {
      expect(await old.manager.get('price')).toBeUndefined();
      expect(await old.manager.exists('price')).toBe(false);
      expect(await old.manager.explain('price')).toMatchObject({ state: 'foreign', local: false });
      expect(old.engine.counts.foreign).toBe(2 * i);
    }
    expect(await redis.exists(key)).toBe(1);
    expect(await fresh.manager.get('price')).toEqual({ of: new Money(5) });
  });

  it('is replaced by whoever loads it, once for all who ask', async () => {
    const { old, fresh } = await versions();
    await fresh.manager.set('price', { of: new Money(5) });
    const load = jest.fn(() => Promise.resolve({ of: 5 }));
    const asked = await Promise.all(Array.from({ length: 5 }, () => old.manager.getOrSet('price', load)));
    expect(asked).toEqual(Array.from({ length: 5 }, () => ({ of: 5 })));
    expect(await old.manager.getOrSet('price', load)).toEqual({ of: 5 });
    expect(load).toHaveBeenCalledTimes(1);
    expect(await fresh.manager.get('price')).toEqual({ of: 5 });
  });

  it('is removed when its bytes are damaged: nobody can read it', async () => {
    const { old, fresh, key } = await versions();
    await fresh.manager.set('price', { of: new Money(5) });
    const stored = await redis.getrangeBuffer(key, -1, -1);
    await redis.setrange(key, (await redis.strlen(key)) - 1, Buffer.from([(stored[0] ?? 0) ^ 1]));
    expect(await old.manager.get('price')).toBeUndefined();
    expect(await redis.exists(key)).toBe(0);
  });
});
