import { inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { decode, encode } from './codec/codec.js';
import { registerValueType } from './codec/value-types.js';
import { DamagedValueError } from './errors.js';
import { SharedValue } from './shared-value.js';

interface Sharing<T> {
  readonly shared: SharedValue;
  readonly take: () => T;
  readonly redecoded: () => number;
}

function share<T>(value: T): Sharing<T> {
  const payload = encode(value);
  let count = 0;
  const shared = SharedValue.of(decode(payload), () => {
    count++;
    return decode(payload);
  });
  return { shared, take: () => shared.take() as T, redecoded: () => count };
}

/** Node does not take an invalid Date for itself; what it prints of the two tells. */
const same = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(a, b) || (shown(a).includes('Invalid Date') && shown(a) === shown(b));
const shown = (value: unknown): string =>
  inspect(value, { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null });

function attempt(change: () => unknown): void {
  try {
    change();
  } catch {
    // frozen
  }
}

function membersOf(value: object): unknown[] {
  if (ArrayBuffer.isView(value)) return [value.buffer];
  const own = Object.getOwnPropertyNames(value).map((name): unknown => Reflect.get(value, name));
  if (value instanceof Map) return [...own, ...value.keys(), ...value.values()];
  return value instanceof Set ? [...own, ...value] : own;
}

function changeContent(value: object): void {
  if (value instanceof Date) value.setTime(1);
  if (value instanceof Map || value instanceof Set) value.clear();
  if (value instanceof ArrayBuffer) new Uint8Array(value).fill(7);
  if (value instanceof URL) value.pathname = '/vandal';
  if (value instanceof RegExp) value.lastIndex = 9;
  if (Array.isArray(value)) value.push('vandal');
}

/** Tries everything a careless caller could do to the value. */
function vandalise(value: unknown, seen = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return;
  seen.add(value);
  for (const member of membersOf(value)) vandalise(member, seen);
  attempt(() => changeContent(value));
  for (const key of Reflect.ownKeys(value)) attempt(() => Reflect.set(value, key, 'vandal'));
  attempt(() => Reflect.set(value, 'vandal', 1));
  attempt(() => Reflect.deleteProperty(value, Reflect.ownKeys(value)[0] ?? 'x'));
  attempt(() => Object.setPrototypeOf(value, { vandal: 1 }));
}

describe('plain data', () => {
  const rows = {
    list: [
      { id: 1, tags: ['a'] },
      { id: 2, tags: [] },
    ],
    none: null,
    title: 'x',
  };

  it('is one deeply frozen value for everybody', () => {
    const { take, redecoded } = share(rows);
    const value = take();
    expect(take()).toBe(value);
    expect(value).toEqual(rows);
    expect(() => value.list[0]!.tags.push('b')).toThrow(TypeError);
    expect(() => (value.title = 'y')).toThrow(TypeError);
    expect(redecoded()).toBe(0);
  });

  it.each([[1], ['text'], [null], [true], [5n], [NaN]])('%p is handed out as it is', (value) => {
    expect(share(value).take()).toBe(value);
  });

  it('is shared even with undefined, holes, extra properties, no prototype, cycles and shared references', () => {
    const shared = { a: [1] };
    const source = {
      u: undefined,
      holes: new Array<unknown>(2),
      extra: Object.assign([1], { total: { n: 1 } }),
      twice: [shared, shared],
      bare: Object.assign(Object.create(null) as object, { b: [1] }),
      self: undefined as unknown,
    };
    source.self = source;
    const { take, redecoded } = share(source);
    const { extra, bare, twice } = take();
    expect(take().self).toBe(take());
    expect(redecoded()).toBe(0);
    for (const part of [extra.total, bare, bare.b, ...twice]) expect(Object.isFrozen(part)).toBe(true);
  });

  it('may be a huge sparse array', () => {
    const value = share(Object.assign(new Array<unknown>(4_000_000_000), { 7: { a: 1 } })).take();
    expect(Object.isFrozen(value[7])).toBe(true);
  });
});

describe('plain data with Dates', () => {
  const source = (): {
    user: { name: string; born: Date; address: { city: string } };
    logins: Date[];
    flags: string[];
  } => ({
    user: { name: 'x', born: new Date(5), address: { city: 'y' } },
    logins: [new Date(6), new Date(NaN)],
    flags: ['a'],
  });

  it('gives everybody Dates of their own, and shares the rest without decoding again', () => {
    const { take, redecoded } = share(source());
    const [first, second] = [take(), take()];
    first.user.born.setTime(0);
    first.logins[0]!.setFullYear(1999);
    expect(second.user.born).toEqual(new Date(5));
    expect(take().logins.map((date) => date.getTime())).toEqual([6, NaN]);
    expect(second.user.address).toBe(first.user.address);
    expect(second.flags).toBe(first.flags);
    expect(redecoded()).toBe(0);
  });

  it('freezes the copies that lead to the Dates', () => {
    const value = share(source()).take();
    expect([value, value.user, value.logins, value.flags].every(Object.isFrozen)).toBe(true);
  });

  it('may be a Date alone', () => {
    const { take, redecoded } = share(new Date(5));
    take().setTime(0);
    expect(take()).toEqual(new Date(5));
    expect(redecoded()).toBe(0);
  });

  it('is decoded again where a copy would tear shared references apart', () => {
    const date = new Date(5);
    const once = share({ a: date, b: date });
    const value = once.take();
    expect(value.a).toBe(value.b);
    const row = { at: new Date(1) };
    const twice = share([row, row]).take();
    expect(twice[0]).toBe(twice[1]);
    const cycle: { at: Date; self?: unknown } = { at: new Date(1) };
    cycle.self = cycle;
    const again = share(cycle).take();
    expect(again.self).toBe(again);
  });

  it.each<[string, () => object]>([
    ['an array with properties', () => Object.assign([new Date(1)], { total: new Date(2) })],
    ['a sparse array', () => Object.assign(new Array<unknown>(3), { 1: new Date(1) })],
    ['no prototype', () => Object.assign(Object.create(null) as object, { at: new Date(1) })],
    [
      'an own __proto__',
      () => Object.defineProperty({}, '__proto__', { value: { at: new Date(1) }, enumerable: true }),
    ],
  ])('is decoded again for %s', (_, make) => {
    const { take, redecoded } = share(make());
    expect(isDeepStrictEqual(take(), make())).toBe(true);
    expect(redecoded()).toBe(1);
  });
});

describe('what cannot be frozen', () => {
  class Money {
    constructor(public cents: number) {}
  }
  registerValueType({
    name: 'Money',
    test: (value) => value instanceof Money,
    encode: (money: Money) => money.cents,
    decode: (cents) => new Money(cents),
  });

  it.each<[string, () => object]>([
    ['a Map', () => new Map([[1, { a: 1 }]])],
    ['a Set', () => new Set([1])],
    ['a Buffer', () => Buffer.from('abc')],
    ['a typed array', () => new Float64Array([1])],
    ['an ArrayBuffer', () => new Uint8Array([1]).buffer],
    ['a URL', () => new URL('a://b/c')],
    ['an Error', () => new Error('x', { cause: { a: 1 } })],
    ['a RegExp', () => /a/g],
    ['a registered type', () => new Money(5)],
    ['a boxed string', () => Object('x') as object],
  ])('is decoded for each caller: %s', (_, make) => {
    const value = { deep: [make()], at: new Date(1), plain: { a: [1] } };
    const { take, redecoded } = share(value);
    const [first, second] = [take(), take()];
    expect(second.deep[0]).not.toBe(first.deep[0]);
    vandalise(first);
    expect(isDeepStrictEqual(take(), share(value).take())).toBe(true);
    expect(redecoded()).toBe(3);
  });
});

it('calls a value damaged that is nested deeper than any encoder of ours writes', () => {
  let deep: unknown = 1;
  for (let i = 0; i < 50_000; i++) deep = [deep];
  expect(() => SharedValue.of(deep, () => deep)).toThrow(DamagedValueError);
});

describe('any value', () => {
  const anything = fc.anything({
    maxDepth: 4,
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  const datedRows = fc.array(
    fc.dictionary(
      fc.string(),
      fc.oneof(fc.date({ noInvalidDate: true }), fc.jsonValue(), fc.array(fc.date({ noInvalidDate: true }))),
    ),
  );

  it('is what was cached, whatever others did to what they took', () => {
    fc.assert(
      fc.property(fc.oneof(anything, datedRows), (value) => {
        fc.pre(value !== undefined);
        const { take } = share(value);
        for (let round = 0; round < 3; round++) {
          const taken = take();
          expect(same(taken, value)).toBe(true);
          vandalise(taken);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
