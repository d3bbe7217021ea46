import { registerValueType } from '../../libs/cache/src/core/codec/value-types.js';
import { createCache } from './cache.js';

type Manager = ReturnType<typeof createCache>['manager'];
type Call = (cache: Manager, key: string, options: { namespace?: string }) => Promise<unknown>;

const refuse = (): never => {
  throw new Error('a load must not run for a key that cannot be used');
};

/** Every call that takes a key and a namespace. */
const CALLS: [string, Call][] = [
  ['get', (cache, key, options) => cache.get(key, options)],
  ['getMany', (cache, key, options) => cache.getMany(['fine', key], options)],
  ['exists', (cache, key, options) => cache.exists(key, options)],
  ['set', (cache, key, options) => cache.set(key, 1, options)],
  ['setMany', (cache, key, options) => cache.setMany([{ key, value: 1, ...options }])],
  ['warmUp', (cache, key, options) => cache.warmUp([{ key, value: 1, ...options }])],
  ['delete', (cache, key, options) => cache.delete(key, options)],
  ['increment', (cache, key, options) => cache.increment(key, options)],
  ['getOrSet', (cache, key, options) => cache.getOrSet(key, refuse, options)],
  ['put', (cache, key, options) => cache.put(key, refuse, options)],
  ['invalidate', (cache, key, options) => cache.invalidate({ keys: [key], ...options })],
];

const SECRET = 'secret-of-a-user';

describe.each(CALLS)('%s', (_name, call) => {
  const refusal = async (key: unknown, namespace?: unknown): Promise<Error> => {
    const options = namespace === undefined ? {} : { namespace: namespace as string };
    const error: unknown = await call(createCache().manager, key as string, options).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CACHE_INVALID_KEY' });
    return error as Error;
  };

  it.each([
    ['empty', ''],
    ['longer than 1024 characters', SECRET.repeat(100)],
    ['undefined', undefined],
    ['null', null],
    ['a number', 7],
    ['an object', { id: SECRET }],
    ['an array', [SECRET]],
  ])('refuses a key that is %s, and does not show it', async (_kind, key) => {
    const { message } = await refusal(key);
    expect(message).toMatch(/key must be a non-empty string of at most 1024 characters; this one is /);
    expect(message).not.toContain(SECRET);
  });

  it.each([
    ['empty', ''],
    ['longer than 256 characters', SECRET.repeat(20)],
    ['a number', 7],
    ['an object', {}],
  ])('refuses a namespace that is %s', async (_kind, namespace) => {
    expect((await refusal('k', namespace)).message).toMatch(/namespace must be a non-empty string of at most 256/);
  });
});

describe('keys', () => {
  const strange = [
    'k'.repeat(1024),
    'a:b',
    'a|b',
    '~',
    '*',
    '%',
    ' ',
    '\n',
    '\ud800',
    '💥',
    '__proto__',
    'constructor',
  ];

  it('of any text up to 1024 characters are kept apart', async () => {
    const { manager } = createCache();
    for (const [i, key] of strange.entries()) expect(await manager.set(key, i)).toBe(true);
    expect(await manager.getMany(strange)).toEqual(strange.map((_, i) => i));
    expect((await manager.getStats()).keys).toBe(strange.length);
  });

  it('and namespaces are kept apart, however they are cut', async () => {
    const { manager } = createCache();
    const pairs = [
      ['a', 'b|c'],
      ['a|b', 'c'],
      ['a%7Cb', 'c'],
      [undefined, 'a|b|c'],
      ['n:a', 'c'],
    ] as const;
    for (const [i, [namespace, key]] of pairs.entries()) {
      await manager.set(key, i, namespace === undefined ? {} : { namespace });
    }
    for (const [i, [namespace, key]] of pairs.entries()) {
      expect(await manager.get(key, namespace === undefined ? {} : { namespace })).toBe(i);
    }
  });
});

describe('tags', () => {
  it.each([
    ['an empty tag', ['']],
    ['a tag of 257 characters', ['t'.repeat(257)]],
    ['a number', [7]],
    ['null among them', ['fine', null]],
    ['a string instead of a list', 'tag'],
    ['a set', new Set(['tag'])],
  ])('that are %s are refused', async (_kind, tags) => {
    const { manager } = createCache();
    const wrong = { tags: tags as string[] };
    const refused = { code: 'INVALID_OPTIONS', message: expect.stringContaining('tags') };
    await expect(manager.set('k', 1, wrong)).rejects.toMatchObject(refused);
    await expect(manager.getOrSet('k', refuse, wrong)).rejects.toMatchObject(refused);
    await expect(manager.put('k', refuse, wrong)).rejects.toMatchObject(refused);
    await expect(manager.invalidate(wrong)).rejects.toMatchObject(refused);
    expect(() => manager.scoped(wrong)).toThrow(expect.objectContaining(refused));
    expect(await manager.exists('k')).toBe(false);
  });

  it('that a function returns wrongly leave the value uncached, and tell why; the caller has its value', async () => {
    const { manager, told } = createCache();
    expect(await manager.getOrSet('k', () => 'value', { tags: () => [''] })).toBe('value');
    expect(await manager.getOrSet('k', () => 'value', { tags: () => null as unknown as string[] })).toBe('value');
    expect(await manager.exists('k')).toBe(false);
    expect(told('uncacheable')).toHaveLength(2);
    for (const { reason } of told('uncacheable')) expect(reason).toContain('tags');
  });

  it('of 256 characters, of any text, and many of them work', async () => {
    const { manager } = createCache();
    const tags = ['t'.repeat(256), 'a|b', '*', '\n', '💥', ...Array.from({ length: 500 }, (_, i) => `tag-${i}`)];
    for (const tag of tags.slice(0, 6)) {
      await manager.set('k', 1, { tags });
      expect(await manager.exists('k')).toBe(true);
      await manager.invalidateByTag(tag);
      expect(await manager.exists('k')).toBe(false);
    }
  });

  it('given twice are one', async () => {
    const { manager } = createCache();
    await manager.set('k', 1, { tags: ['t', 't'] });
    expect(await manager.get('k')).toBe(1);
    await manager.invalidateByTag(['t', 't']);
    expect(await manager.get('k')).toBeUndefined();
  });

  it('that are too many for one entry leave the value uncached', async () => {
    const { manager, told } = createCache();
    const tags = Array.from({ length: 3_000 }, (_, i) => `tag-${i}`.padEnd(40, '-'));
    expect(await manager.set('k', 1, { tags })).toBe(false);
    expect(await manager.getOrSet('k', () => 2, { tags })).toBe(2);
    expect(await manager.exists('k')).toBe(false);
    expect(told('uncacheable').map(({ reason }) => reason)).toEqual(Array(2).fill('it has too many tags'));
  });

  it('do not stop an invalidation of none of them', async () => {
    const { manager } = createCache();
    await manager.set('k', 1);
    await manager.invalidateByTag([]);
    expect(await manager.invalidate({ tags: [], keys: [], patterns: [] })).toBe(0);
    expect(await manager.get('k')).toBe(1);
  });
});

describe('values', () => {
  const LIMIT = 2 * 1024 * 1024;
  const ofBytes = (bytes: number): string => 'x'.repeat(bytes - 2); // JSON adds two quotes

  it('of 2 MiB are stored, of one byte more they are not', async () => {
    const { manager, told } = createCache();
    expect(await manager.set('k', ofBytes(LIMIT))).toBe(true);
    await expect(manager.set('k', ofBytes(LIMIT + 1))).rejects.toMatchObject({
      code: 'CACHE_INVALID_VALUE',
      message: `The value takes ${LIMIT + 1} bytes, more than the limit of ${LIMIT} (option maxValueBytes).`,
    });
    expect(await manager.get('k')).toHaveLength(LIMIT - 2); // refused before anything was dropped

    expect(await manager.getOrSet('large', () => ofBytes(LIMIT + 1))).toHaveLength(LIMIT - 1);
    expect(await manager.exists('large')).toBe(false);
    expect(told('uncacheable')).toEqual([
      { key: 'large', namespace: undefined, reason: expect.stringContaining('maxValueBytes') },
    ]);
  });

  it('are measured in bytes, against the limit of the cache', async () => {
    const { manager } = createCache({ maxValueBytes: 10 });
    expect(await manager.set('k', '12345678')).toBe(true);
    await expect(manager.set('k', '1234567é')).rejects.toMatchObject({ code: 'CACHE_INVALID_VALUE' });
    expect(await manager.set('k', 'éééé')).toBe(true);
  });

  it('that the whole store has no room for are not reported as stored', async () => {
    const { manager } = createCache({ memory: { maxBytes: 1_000 } });
    expect(await manager.set('k', 'x'.repeat(2_000))).toBe(false);
    expect(await manager.get('k')).toBeUndefined();
    expect(await manager.getOrSet('k', () => 'y'.repeat(2_000))).toHaveLength(2_000);
    expect(await manager.warmUp([{ key: 'k', value: 'x'.repeat(2_000) }])).toEqual({ stored: 0, failed: 1 });
  });

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a promise', Promise.resolve(1)],
    ['a weak map', new WeakMap()],
  ])('that are %s are refused by set, which leaves what was there; a load returns them', async (_kind, value) => {
    const { manager } = createCache();
    await manager.set('k', 'before');
    await expect(manager.set('k', value)).rejects.toMatchObject({ code: 'CACHE_INVALID_VALUE' });
    expect(await manager.get('k')).toBe('before');
    expect(await manager.getOrSet('other', () => ({ value }))).toEqual({ value });
  });

  it('whose own type cannot make them again are returned, to all who wait for them, and not cached', async () => {
    class Fickle {
      at = 1;
    }
    registerValueType({
      name: 'Fickle',
      test: (value) => value instanceof Fickle,
      encode: () => null,
      decode: (): Fickle => {
        throw new Error('no way back');
      },
    });
    const { manager, told } = createCache();
    const load = jest.fn(() => new Fickle());
    for (let i = 0; i < 2; i++) {
      const callers = [manager.getOrSet('k', load), manager.getOrSet('k', load)];
      for (const value of await Promise.all(callers)) expect(value).toBeInstanceOf(Fickle);
    }
    expect(load).toHaveBeenCalledTimes(4); // nobody can be handed the value of another
    expect(told('uncacheable')[0]?.reason).toContain('value types');
    await expect(manager.set('k', new Fickle())).rejects.toMatchObject({ code: 'CACHE_INVALID_VALUE' });
  });

  it('are stored as they are when set is called, whatever becomes of them before it returns', async () => {
    const { manager } = createCache();
    const value = { state: 'at the call' };
    const set = manager.set('k', value);
    value.state = 'later';
    expect(await set).toBe(true);
    expect(await manager.get('k')).toEqual({ state: 'at the call' });
  });

  it.each([null, false, 0, '', NaN, [], {}])('%p is a value like any other', async (value) => {
    const { manager } = createCache();
    const load = jest.fn(() => value);
    await manager.getOrSet('k', load);
    expect(await manager.getOrSet('k', load)).toEqual(value);
    expect(await manager.get('k')).toEqual(value);
    expect(load).toHaveBeenCalledTimes(1);
  });
});
