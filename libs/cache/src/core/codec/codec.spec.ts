import { inspect, isDeepStrictEqual, types } from 'node:util';
import { runInNewContext } from 'node:vm';
import { serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { DamagedValueError, InvalidValueError } from '../errors.js';
import { decode, encode } from './codec.js';

const through = <T>(value: T): T => decode(encode(value)) as T;

function nested(levels: number, wrap: (inner: unknown) => unknown, inner: unknown = 'end'): unknown {
  let value = inner;
  for (let i = 0; i < levels; i++) value = wrap(value);
  return value;
}

const withLastIndex = (regexp: RegExp, lastIndex: number): RegExp => Object.assign(regexp, { lastIndex });
const nullObject = <T extends object>(fields: T): T => Object.assign(Object.create(null) as object, fields);
const sparse = (): unknown[] => Object.assign(new Array<unknown>(5), { 1: 'x', 3: undefined });

class NotFoundError extends TypeError {
  override readonly name = 'NotFoundError';
  readonly code = 'E404';
  readonly details = { at: new Date(5) };
}

const JSON_KINDS: [string, unknown][] = [
  ['null', null],
  ['true', true],
  ['a number', 42],
  ['a fraction', 0.1 + 0.2],
  ['the largest number', Number.MAX_VALUE],
  ['an empty string', ''],
  ['text of all planes', 'é 漢 😀 \u2028 \0'],
  ['a lone surrogate', 'a\ud800b'],
  ['a string that looks like a date', '2026-01-01T00:00:00.000Z'],
  ['a string about __proto__', '"__proto__"'],
  ['an empty array', []],
  ['an array', [1, 'two', [3]]],
  ['an empty object', {}],
  ['an object', { a: 1, b: { c: ['d'] }, 'odd key': null, 7: 'seven' }],
  ['keys that look like methods', { constructor: 1, toString: 2, hasOwnProperty: 3, toJSON: 4, length: 5 }],
];

const BINARY_KINDS: [string, unknown][] = [
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
  ['a bigint', -(2n ** 70n)],
  ['an array with undefined', [undefined, 1]],
  ['an object with undefined', { a: undefined }],
  ['a sparse array', sparse()],
  ['a huge sparse array', Object.assign(new Array<unknown>(4_294_967_295), { 9: 1 })],
  ['an array with properties', Object.assign([1, 2], { total: 9 })],
  ['a hole and a property', Object.assign(new Array<unknown>(1), { total: 9 })],
  ['a match of a regular expression', /(?<a>b)/.exec('abc')],
  ['a Date', new Date(1_700_000_000_123)],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [{ k: 1 }, new Map([[1, 2]])],
      [null, undefined],
    ]),
  ],
  ['a Set', new Set<unknown>([1, '1', { a: 1 }, new Set([NaN])])],
  ['a RegExp', /a\/b[c]/giu],
  ['a RegExp in the middle of a text', withLastIndex(/a/g, 3)],
  ['a boxed string', Object('text')],
  ['a boxed number', Object(-0)],
  ['a boxed boolean', Object(false)],
  ['a boxed bigint', Object(5n)],
  ['a Buffer', Buffer.from('bytes')],
  ['an empty Buffer', Buffer.alloc(0)],
  ['a Buffer of its own', Buffer.from(new ArrayBuffer(4))],
  ['a part of a Buffer', Buffer.from('some bytes').subarray(2, 5)],
  ['an ArrayBuffer', new Uint8Array([1, 2, 3]).buffer],
  ['a DataView', new DataView(new Uint8Array([1, 2, 3]).buffer, 1)],
  ['a Uint8Array', new Uint8Array([1, 255])],
  ['a Int8Array', new Int8Array([-1])],
  ['a Uint8ClampedArray', new Uint8ClampedArray([7])],
  ['a Uint16Array', new Uint16Array([65535])],
  ['a Int16Array', new Int16Array([-5])],
  ['a Uint32Array', new Uint32Array([5])],
  ['a Int32Array', new Int32Array([1, 2, 3]).subarray(1)],
  ['a Float32Array', new Float32Array([0.5, NaN])],
  ['a Float64Array', new Float64Array([0.1, -0])],
  ['a BigInt64Array', new BigInt64Array([-1n])],
  ['a BigUint64Array', new BigUint64Array([1n, 2n]).subarray(1)],
  ['a URL', new URL('https://user@example.com:8080/a%20b?c=d#e')],
  ['URLSearchParams', new URLSearchParams('a=1&a=2&b=%20')],
  ['an object without prototype', nullObject({ a: nullObject({ b: 1 }) })],
  ['an own __proto__', JSON.parse('{"__proto__": {"polluted": true}, "a": 1}')],
  ['an Error', new Error('failed')],
  ['an Error with a cause', new RangeError('outer', { cause: new SyntaxError('inner', { cause: 'text' }) })],
  ['an Error with fields', Object.assign(new TypeError('x'), { code: 'E1', at: new Date(1), url: new URL('a:b') })],
  ['an AggregateError', new AggregateError([new Error('a'), new URL('b:c')], 'several')],
  ['an Error without a message', new Error()],
  [
    'URL beside everything else',
    [sparse(), -0, undefined, new URL('a:b'), { d: new Date(3), m: new Map([[-0, /x/g]]) }],
  ],
];

/** Node does not take an invalid Date for itself; what it prints of the two tells. */
const same = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(a, b) || (shown(a).includes('Invalid Date') && shown(a) === shown(b));
const shown = (value: unknown): string =>
  inspect(value, { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null });

interface Container {
  readonly where: string;
  readonly wrap: (inner: unknown) => unknown;
  readonly unwrap: (outer: unknown) => unknown;
}

function container<T>(where: string, wrap: (inner: unknown) => T, unwrap: (outer: T) => unknown): Container {
  return { where, wrap, unwrap: (outer) => unwrap(outer as T) };
}

const CONTAINERS = [
  container(
    'on its own',
    (v) => v,
    (v) => v,
  ),
  container(
    'in an array',
    (v) => [0, v],
    (v) => v[1],
  ),
  container(
    'in an object',
    (v) => ({ a: { b: v } }),
    (v) => v.a.b,
  ),
  container(
    'in a Map',
    (v) => new Map([['k', v]]),
    (v) => v.get('k'),
  ),
  container(
    'as the key of a Map',
    (v) => new Map([[v, 1]]),
    (v) => [...v.keys()][0],
  ),
  container(
    'in a Set beside a URL',
    (v) => new Set([new URL('a:b'), v]),
    (v) => [...v][1],
  ),
  container(
    'in an object without prototype',
    (v) => nullObject({ v }),
    (v) => v.v,
  ),
  container(
    'as the cause of an Error',
    (v) => new Error('e', { cause: v }),
    (v) => v.cause,
  ),
];

function expectSame(actual: unknown, expected: unknown): void {
  if (types.isNativeError(expected)) {
    const error = actual as Error;
    expect(Object.getOwnPropertyNames(error).sort()).toEqual(Object.getOwnPropertyNames(expected).sort());
    expect(error.stack).toBe(expected.stack);
    expectSame(error.cause, expected.cause);
  }
  if (types.isRegExp(expected)) expect((actual as RegExp).lastIndex).toBe(expected.lastIndex);
  if (typeof expected === 'object' && expected !== null) {
    expect(Object.getPrototypeOf(actual)).toBe(Object.getPrototypeOf(expected));
  }
  expect(isDeepStrictEqual(actual, expected)).toBe(true);
}

describe.each(CONTAINERS)('what comes out is what went in, $where', ({ wrap, unwrap }) => {
  it.each(JSON_KINDS.concat(BINARY_KINDS))('%s', (_, value) => {
    // Map turns a key of -0 into 0 by itself.
    const expected = unwrap(wrap(value));
    expectSame(unwrap(through(wrap(value))), expected);
  });

  it('an invalid Date', () => {
    const date = unwrap(through(wrap(new Date(NaN)))) as Date;
    expect([date instanceof Date, date.getTime()]).toEqual([true, NaN]);
  });

  it('an error of an own class, as the class of the language it extends', () => {
    const error = new NotFoundError('gone', { cause: new URL('a:b') });
    const copy = unwrap(through(wrap(error))) as NotFoundError;
    expect(copy).toBeInstanceOf(TypeError);
    expect(copy).not.toBeInstanceOf(NotFoundError);
    expect(Object.entries(copy)).toEqual(Object.entries(error));
    expect([copy.name, copy.message, copy.stack, copy.cause]).toEqual([
      'NotFoundError',
      'gone',
      error.stack,
      error.cause,
    ]);
  });
});

describe('encode', () => {
  it.each(JSON_KINDS)('writes %s as JSON', (_, value) => {
    expect(encode(value).codec).toBe('J');
    expect(encode(value).bytes.toString()).toBe(JSON.stringify(value));
  });

  it.each(BINARY_KINDS)('writes %s in the binary format', (_, value) => {
    expect(encode(value).codec).toBe('B');
  });

  it('keeps shared references shared', () => {
    const shared = { a: 1 };
    const date = new Date(1);
    const url = new URL('a:b');
    const copy = through({ shared, again: shared, date, sameDate: date, map: new Map([[shared, date]]) });
    expect(copy.again).toBe(copy.shared);
    expect(copy.sameDate).toBe(copy.date);
    expect(copy.map.get(copy.shared)).toBe(copy.date);
    const special = through({ url, sameUrl: [url], shared, again: [shared] });
    expect(special.sameUrl[0]).toBe(special.url);
    expect(special.again[0]).toBe(special.shared);
  });

  it('keeps views of one whole ArrayBuffer on one ArrayBuffer', () => {
    const view = new Uint8Array([1, 2, 3, 4]);
    const copy = through({ view, words: new Uint16Array(view.buffer), buffer: view.buffer });
    expect(copy.view.buffer).toBe(copy.buffer);
    expect(copy.words.buffer).toBe(copy.buffer);
  });

  it('writes no neighbour of a Buffer in the pool', () => {
    const pooled = Buffer.from('neighbour secret').subarray(0, 3);
    expect(encode([pooled]).bytes.length).toBeLessThan(40);
  });

  it('keeps cycles, also through objects V8 does not know', () => {
    const plain: { list: unknown[] } = { list: [] };
    plain.list.push(plain);
    const again = through(plain);
    expect(again.list[0]).toBe(again);

    const error = Object.assign(new Error('e'), { context: {} as { error?: Error; url: URL } });
    error.cause = error;
    error.context = { error, url: new URL('a:b') };
    const copy = through({ error, again: error, context: error.context });
    expect(copy.error.cause).toBe(copy.error);
    expect(copy.error.context.error).toBe(copy.error);
    expect(copy.again).toBe(copy.error);
    expect(copy.context).toBe(copy.error.context);

    const bare = nullObject({ self: [] as unknown[] });
    bare.self.push(bare, error);
    const second = through({ error, bare, sameBare: bare });
    expect(second.bare.self[0]).toBe(second.bare);
    expect(second.bare.self[1]).toBe(second.error);
    expect(second.sameBare).toBe(second.bare);
  });

  it('takes plain objects of another realm, and gives them the prototypes of this one', () => {
    const foreign = runInNewContext('({ a: [1, new Date(5), new Map([[1, {}]])], e: new TypeError("x") })') as {
      a: unknown[];
      e: Error;
    };
    const copy = through(foreign);
    expect(copy.a[1]).toBeInstanceOf(Date);
    expect(copy.a[2]).toBeInstanceOf(Map);
    expect(copy.e).toBeInstanceOf(TypeError);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(encode(runInNewContext('({ a: [1] })')).codec).toBe('J');
  });

  it('takes proxies of plain data as what they show', () => {
    expect(through({ a: new Proxy({ b: 1 }, {}), d: new Date(1) })).toEqual({ a: { b: 1 }, d: new Date(1) });
  });

  it.each<[string, () => unknown, string]>([
    ['a function', () => () => 1, 'The value is a function'],
    ['a nested function', () => ({ user: { callback: () => 1 } }), 'user.callback is a function'],
    ['a symbol', () => [Symbol('s')], '[0] is a symbol'],
    ['a promise', () => ({ p: Promise.resolve() }), 'p is an instance of Promise'],
    ['a WeakMap', () => ({ w: new WeakMap() }), 'w is an instance of WeakMap'],
    ['a SharedArrayBuffer', () => [new SharedArrayBuffer(1)], '[0] is an instance of SharedArrayBuffer'],
    [
      'a generator',
      () => [
        (function* () {
          yield 1;
        })(),
      ],
      '[0] is an instance of',
    ],
    [
      'an instance of a class',
      () => ({
        rows: [
          new (class User {
            id = 1;
          })(),
        ],
      }),
      'rows[0] is an instance of User',
    ],
    ['a subclass of Map', () => [new (class Registry extends Map {})()], '[0] is an instance of Registry'],
    ['a subclass of Array', () => ({ a: new (class List extends Array {})() }), 'a is an instance of List'],
    [
      'a getter',
      () => ({
        get a() {
          return 1;
        },
      }),
      'a is a getter',
    ],
    ['a hidden property', () => Object.defineProperty({}, 'a', { value: 1 }), 'a is not enumerable'],
    ['a property under a symbol', () => ({ a: { [Symbol('s')]: 1 } }), 'a has a property under a symbol'],
    ['a Date with properties', () => [Object.assign(new Date(1), { zone: 1 })], '[0] is a Date with properties'],
    ['a Map with properties', () => Object.assign(new Map(), { size2: 1 }), 'The value is a Map with properties'],
    ['a function in a Map', () => new Map([['alice@example.com', () => 1]]), '<value 0> is a function'],
    ['a function in a Set', () => ({ s: new Set([1, () => 1]) }), 's<value 1> is a function'],
    ['a function in an error', () => Object.assign(new Error('x'), { retry: () => 1 }), 'retry is a function'],
    ['a function under a name that may be personal', () => ({ 'a@b.c': () => 1 }), '["…"] is a function'],
    ['a proxy of a function', () => ({ f: new Proxy(() => 1, {}) }), 'f is a function'],
    [
      'a detached buffer',
      () => {
        const b = new ArrayBuffer(8);
        structuredClone(b, { transfer: [b] });
        return { b };
      },
      'reading it failed',
    ],
    [
      'a proxy that throws',
      () =>
        new Proxy(
          {},
          {
            ownKeys: () => {
              throw new Error('no');
            },
          },
        ),
      'reading it failed',
    ],
    ['undefined', () => undefined, 'Use null'],
  ])('refuses %s', (_, make, message) => {
    expect(() => encode(make())).toThrow(InvalidValueError);
    expect(() => encode(make())).toThrow(message);
  });

  it('never shows the value', () => {
    expect(() => encode({ password: 'hunter2', x: () => 'hunter2' })).toThrow(
      /^x is a function; it cannot be cached\.$/,
    );
  });

  const chain = (v: unknown): unknown => new Error('e', { cause: v });

  it.each<[string, number, (inner: unknown) => unknown]>([
    ['arrays', 1000, (v) => [v]],
    ['objects', 1000, (v) => ({ v })],
    ['Maps', 1000, (v) => new Map([[1, v]])],
    ['errors', 100, chain],
    ['objects without prototype', 100, (v) => nullObject({ v })],
  ])('takes nested %s up to %d levels, and refuses any more', (_, levels, wrap) => {
    expect(() => through(nested(levels, wrap))).not.toThrow();
    expect(() => encode(nested(levels + 2, wrap))).toThrow(/nested/);
    expect(() => encode(nested(100_000, wrap))).toThrow(InvalidValueError);
  });

  it('takes the deepest mixture of all', () => {
    const plain = nested(890, (v) => new Map([[{}, v]]), new URL('a:b'));
    expect(() => through(nested(100, chain, plain))).not.toThrow();
  });
});

describe('decode', () => {
  it('gives everybody memory of their own', () => {
    const payload = encode({ a: Buffer.from('abc'), b: new Float64Array([1]), c: new ArrayBuffer(2) });
    const first = decode(payload) as { a: Buffer; b: Float64Array; c: ArrayBuffer };
    first.a.fill(0);
    first.b.fill(0);
    new Uint8Array(first.c).fill(9);
    expect(decode(payload)).toEqual({ a: Buffer.from('abc'), b: new Float64Array([1]), c: new ArrayBuffer(2) });
    expect(first.a.buffer).not.toBe(payload.bytes.buffer);
  });

  it('reads bytes from anywhere in a larger buffer', () => {
    const { bytes } = encode(new Float64Array([1, 2, 3]).subarray(1));
    const larger = Buffer.concat([Buffer.from('x'), bytes]);
    expect(decode({ codec: 'B', bytes: larger.subarray(1) })).toEqual(new Float64Array([2, 3]));
  });

  const kinds = BINARY_KINDS.filter(([name]) => name !== 'a huge sparse array');

  it.each(kinds)('notices every cut and every flipped bit: %s', (_, value) => {
    const { bytes } = encode(value);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => decode({ codec: 'B', bytes: bytes.subarray(0, end) })).toThrow(DamagedValueError);
    }
    for (let bit = 0; bit < bytes.length * 8; bit += bytes.length > 200 ? 7 : 1) {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decode({ codec: 'B', bytes: damaged })).toThrow(DamagedValueError);
    }
  });

  it('never throws anything else, whatever a payload with a right checksum holds', () => {
    const samples = kinds.map(([, value]) => encode(value).bytes.subarray(4));
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }),
        (sample, edits) => {
          const body = Buffer.from(sample);
          for (const [at, byte] of edits) body[at % body.length] = byte;
          const bytes = Buffer.alloc(body.length + 4);
          bytes.writeUInt32LE(crc32(body));
          body.copy(bytes, 4);
          try {
            decode({ codec: 'B', bytes });
          } catch (error) {
            expect(error).toBeInstanceOf(DamagedValueError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each(['', '{', '[1,]', '{"a":1', 'undefined', '\ufeff{}', 'nul', '{"secret":hunter2}'])(
    'calls %p damaged',
    (text) => {
      expect(() => decode({ codec: 'J', bytes: Buffer.from(text) })).toThrow(DamagedValueError);
      try {
        decode({ codec: 'J', bytes: Buffer.from(text) });
      } catch (error) {
        expect(inspect(error)).not.toContain('hunter2');
      }
    },
  );

  it.each(['{"__proto__":{"polluted":1}}', '[{"a":{"__proto__":1}}]', '{"\\u005f_proto__":{"polluted":1}}'])(
    'calls %s damaged and pollutes nothing',
    (text) => {
      expect(() => decode({ codec: 'J', bytes: Buffer.from(text) })).toThrow(DamagedValueError);
      expect('polluted' in {}).toBe(false);
    },
  );

  it('keeps an own __proto__ that was cached, and pollutes nothing', () => {
    const value = JSON.parse('{"u": {"__proto__": {"polluted": 1}}}') as { u: object };
    for (const { u } of [through(value), through({ ...value, url: new URL('a:b') })]) {
      expect(Object.hasOwn(u, '__proto__')).toBe(true);
      expect('polluted' in u).toBe(false);
      expect(Object.getPrototypeOf(u)).toBe(Object.prototype);
    }
  });

  it('refuses text nested deeper than it would ever write', () => {
    const text = (levels: number): Buffer => Buffer.from('['.repeat(levels) + ']'.repeat(levels));
    expect(() => decode({ codec: 'J', bytes: text(1001) })).not.toThrow();
    expect(() => decode({ codec: 'J', bytes: text(1100) })).toThrow(DamagedValueError);
    expect(() => decode({ codec: 'J', bytes: text(500_000) })).toThrow(DamagedValueError);
  });

  it('takes text with many brackets that nest little', () => {
    const value = [Array.from({ length: 3000 }, () => ({ a: [] })), '['.repeat(3000)];
    expect(through(value)).toEqual(value);
  });

  it('refuses what V8 itself wrote, for lack of a checksum', () => {
    expect(() => decode({ codec: 'B', bytes: serialize({ a: 1 }) })).toThrow(DamagedValueError);
  });
});

describe('any value', () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    stringUnit: 'binary',
    maxDepth: 4,
  });

  it('survives the round trip', () => {
    fc.assert(
      fc.property(anything, (value) => {
        fc.pre(value !== undefined);
        expect(same(through(value), value)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('survives it beside an object V8 does not know', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const copy = through([value, new URL('a:b'), value]);
        expect(same(copy, [value, new URL('a:b'), value])).toBe(true);
        if (typeof value === 'object') expect(copy[0]).toBe(copy[2]);
      }),
      { numRuns: 1000 },
    );
  });

  it('is written as JSON exactly when JSON loses nothing', () => {
    fc.assert(
      fc.property(fc.oneof(anything, fc.jsonValue()), (value) => {
        fc.pre(value !== undefined);
        let survives = false;
        try {
          survives = isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value);
        } catch {
          // a bigint
        }
        fc.pre(!shown(value).includes('__proto__'));
        expect(encode(value).codec).toBe(survives && !shares(value) ? 'J' : 'B');
      }),
      { numRuns: 2000 },
    );
  });

  function shares(value: unknown, seen = new Set<unknown>()): boolean {
    if (typeof value !== 'object' || value === null) return false;
    if (seen.has(value)) return true;
    seen.add(value);
    return Object.values(value).some((member) => shares(member, seen));
  }
});
