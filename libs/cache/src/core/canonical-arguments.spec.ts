import { inspect, isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { canonicalArguments } from './canonical-arguments.js';
import { registerValueType } from './codec/value-types.js';
import { InvalidKeyError } from './errors.js';

class Money {
  constructor(readonly cents: number) {}
}
registerValueType({
  name: 'Money',
  test: (value) => value instanceof Money,
  encode: (money: Money) => money.cents,
  decode: (cents) => new Money(cents),
});

/** Node does not take an invalid Date for itself; what it prints of the two tells. */
const same = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(a, b) || (shown(a).includes('Invalid Date') && shown(a) === shown(b));
const shown = (value: unknown): string =>
  inspect(value, { depth: null, showHidden: true, maxArrayLength: null, maxStringLength: null });

const bare = (fields: object): object => Object.assign(Object.create(null) as object, fields);

const DIFFERENT: unknown[][] = [
  [],
  [1],
  ['1'],
  [1n],
  [0],
  [-0],
  [NaN],
  ['NaN'],
  [Infinity],
  [-Infinity],
  [true],
  ['true'],
  [false],
  [null],
  ['null'],
  ['undefined'],
  [''],
  [undefined, 1],
  [null, 1],
  [1, null],
  [[]],
  [[undefined]],
  [[null]],
  [[[]]],
  [['a,b']],
  [['a', 'b']],
  ['a', 'b'],
  ['a:b', 'c'],
  ['a', 'b:c'],
  ['s1:a,'],
  [{}],
  [bare({})],
  [{ a: 1 }],
  [{ a: '1' }],
  [bare({ a: 1 })],
  [{ a: undefined }],
  [{ a: 1, b: 2 }],
  [{ a: { b: 2 } }],
  [{ 'a=n1,1:b': 2 }],
  [[['a', 1]]],
  [new Map([['a', 1]])],
  [
    new Map<unknown, unknown>([
      ['a', 1],
      ['b', 2],
    ]),
  ],
  [
    new Map<unknown, unknown>([
      ['b', 2],
      ['a', 1],
    ]),
  ],
  [new Set(['a', 1])],
  [new Set([1, 'a'])],
  [new Date(5)],
  [new Date(6)],
  [new Date(NaN)],
  ['1970-01-01T00:00:00.005Z'],
  [5],
  [Buffer.from('ab')],
  [new Uint8Array([97, 98])],
  [new Int8Array([97, 98])],
  [new Uint8Array([97, 98]).buffer],
  [new Float64Array([1])],
  [/a/],
  [/a/g],
  [Object.assign(/a/g, { lastIndex: 1 })],
  ['/a/'],
  [new URL('https://a/b')],
  ['https://a/b'],
  [new URLSearchParams('a=1')],
  [new Money(1)],
  [new Money(2)],
];

it.each([
  ['texts', (end: string) => [`cut inside ${end}`]],
  ['names', (end: string) => [{ [end]: 1 }]],
])('keeps %s that were cut inside a character apart in UTF-8 as well, which digests are made of (G9)', (_, args) => {
  const bytes = ['\ud83d', '\ud83e', '\udd16', '\ufffd', '"\\ud83d"', '🤖'].map((end) =>
    Buffer.from(canonicalArguments(args(end))).toString('hex'),
  );
  expect(new Set(bytes).size).toBe(bytes.length);
});

it('gives different arguments different texts', () => {
  const texts = DIFFERENT.map(canonicalArguments);
  for (const [i, text] of texts.entries()) expect([i, texts.indexOf(text)]).toEqual([i, i]);
});

it.each<[string, unknown[], unknown[]]>([
  ['the order of properties', [{ a: 1, b: { d: 1, c: 2 } }], [{ b: { c: 2, d: 1 }, a: 1 }]],
  ['trailing undefined', [1], [1, undefined, undefined]],
  ['only undefined', [], [undefined]],
  ['where bytes lie', [Buffer.from('xab').subarray(1)], [Buffer.from('ab')]],
  [
    'shared references',
    [[{ a: 1 }, { a: 1 }]],
    (() => {
      const a = { a: 1 };
      return [[a, a]];
    })(),
  ],
])('does not depend on %s', (_, a, b) => {
  expect(canonicalArguments(a)).toBe(canonicalArguments(b));
});

it('is injective', () => {
  const small = fc.oneof(
    fc.constantFrom<unknown>(0, -0, 1, '0', '', ',', 's1:a', 'n1,', '}', 'u', null, undefined, true, 1n, NaN),
    fc.anything({
      maxDepth: 2,
      maxKeys: 2,
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    }),
  );
  const args = fc.array(fc.oneof(small, fc.array(small, { maxLength: 2 })), { maxLength: 3 });
  const stripped = (list: unknown[]): unknown[] => list.slice(0, list.findLastIndex((arg) => arg !== undefined) + 1);
  const textOf = (list: unknown[]): string | undefined => {
    try {
      return canonicalArguments(list);
    } catch {
      return undefined; // an array with holes, and the like
    }
  };
  fc.assert(
    fc.property(args, args, (a, b) => {
      const [textA, textB] = [textOf(a), textOf(b)];
      fc.pre(textA !== undefined && textB !== undefined);
      // The order of Maps and Sets counts for us only, so equality is judged in one direction for them.
      if (textA === textB) expect(same(stripped(a), stripped(b))).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});

it.each<[string, () => unknown[], string]>([
  ['a function', () => [1, () => 1], 'Argument 2 is or contains a function'],
  ['a symbol', () => [Symbol('s')], 'Argument 1 is or contains a symbol'],
  [
    'an instance of a class',
    () => [
      {
        user: new (class User {
          id = 1;
        })(),
      },
    ],
    'an instance of User',
  ],
  ['a promise', () => [Promise.resolve()], 'an instance of Promise'],
  ['an error', () => [new Error('x')], 'an instance of Error'],
  ['a boxed number', () => [Object(1) as object], 'an instance of Number'],
  ['a proxy of a function', () => [new Proxy(() => 1, {})], 'a function'],
  [
    'a cycle',
    () => {
      const a: unknown[] = [];
      a.push({ a });
      return [a];
    },
    'contains itself',
  ],
  ['holes', () => [new Array<unknown>(3)], 'holes'],
  ['a hole and a property', () => [Object.assign(new Array<unknown>(1), { total: 9 })], 'holes'],
  ['a huge hole', () => [new Array<unknown>(4_000_000_000)], 'holes'],
  ['an array with properties', () => [Object.assign([1], { a: 1 })], 'properties'],
  [
    'a getter',
    () => [
      {
        get a() {
          return 1;
        },
      },
    ],
    'getters',
  ],
  ['a symbol as a name', () => [{ [Symbol('s')]: 1 }], 'symbols'],
  ['a hidden property', () => [Object.defineProperty({}, 'a', { value: 1 })], 'hidden'],
])('refuses %s, naming the argument and the way out', (_, make, message) => {
  expect(() => canonicalArguments(make())).toThrow(InvalidKeyError);
  expect(() => canonicalArguments(make())).toThrow(message);
  expect(() => canonicalArguments(make())).toThrow('Give a "key" function.');
});
