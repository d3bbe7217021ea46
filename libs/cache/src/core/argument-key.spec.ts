import { InvalidOptionsError } from '@mobius1/kernel';
import fc from 'fast-check';
import { ArgumentKeys } from './argument-key.js';
import { InvalidKeyError } from './errors.js';

const OWNER = 'UsersService.find';

it('names the owner, and shows nothing of the arguments', () => {
  expect(new ArgumentKeys().keyOf(OWNER, ['alice@example.com'])).toMatch(/^UsersService\.find:[\w-]{24}$/);
});

it.each([[[]], [[undefined]], [[undefined, undefined]]])('names a call without arguments readably: %j', (args) => {
  expect(new ArgumentKeys().keyOf(OWNER, args)).toBe('UsersService.find()');
});

it('is the same in every process that has the same secret, and in no other', () => {
  const keyOf = (secret?: string): string =>
    new ArgumentKeys(secret === undefined ? {} : { secret }).keyOf(OWNER, ['a', { b: 1 }]);
  expect(keyOf()).toBe('UsersService.find:DL2E3oSu6FT4Sd-RFwMMMxnT');
  expect(keyOf('s')).toBe(keyOf('s'));
  expect(new Set([keyOf(), keyOf('s'), keyOf('t')]).size).toBe(3);
});

it('gives the same key again, remembered or not', () => {
  const keys = new ArgumentKeys({ memo: 2 });
  const calls = [['a'], ['b'], ['c'], [1], [2], [3], [1, 2], [{ a: 1 }], ['x'.repeat(300)], [[1]], [-0], [NaN]];
  const first = calls.map((args) => keys.keyOf(OWNER, args));
  expect(new Set(first).size).toBe(calls.length);
  for (let i = 0; i < 3; i++) expect(calls.map((args) => keys.keyOf(OWNER, args))).toEqual(first);
  expect(calls.map((args) => new ArgumentKeys().keyOf(OWNER, args))).toEqual(first);
});

it('keeps owners apart, however many share an argument', () => {
  const keys = new ArgumentKeys();
  const owners = Array.from({ length: 50 }, (_, i) => `Service${i}.find`);
  const all = (): string[] => owners.map((owner) => keys.keyOf(owner, ['a']));
  const first = all();
  expect(all()).toEqual(first);
  expect(new Set(first.map((key) => key.split(':')[1])).size).toBe(50);
});

it('takes f(1) and f(1, undefined) for one call', () => {
  const keys = new ArgumentKeys();
  expect(keys.keyOf(OWNER, [1, undefined])).toBe(keys.keyOf(OWNER, [1]));
  expect(keys.keyOf(OWNER, ['a', undefined])).toBe(keys.keyOf(OWNER, ['a']));
});

it('never gives two calls one key', () => {
  const keys = new ArgumentKeys({ memo: 50 });
  const seen = new Map<string, string>();
  const argument = fc.oneof(
    fc.constantFrom<unknown>('0', 0, -0, 0n, '', null, undefined, true, 'true', 's1:0,', NaN, 'NaN'),
    fc.string({ maxLength: 3 }),
    fc.integer(),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const label = (args: unknown[]): string =>
    args
      .slice(0, args.findLastIndex((arg) => arg !== undefined) + 1)
      .map(
        (arg) =>
          `${typeof arg} ${Object.is(arg, -0) ? '-0' : typeof arg === 'object' ? sorted(arg) : JSON.stringify(String(arg as string | number))}`,
      )
      .join();
  fc.assert(
    fc.property(fc.constantFrom('A.x', 'B.y'), fc.array(argument, { maxLength: 3 }), (owner, args) => {
      const key = keys.keyOf(owner, args);
      const call = `${owner} ${label(args)}`;
      expect(seen.get(key) ?? call).toBe(call);
      seen.set(key, call);
    }),
    { numRuns: 5_000 },
  );
});

/** JSON with sorted names, and with -0. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => {
    if (Object.is(member, -0)) return '-0 number';
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1));
  });
}

it('refuses arguments no key can be made of', () => {
  expect(() => new ArgumentKeys().keyOf(OWNER, [() => 1])).toThrow(InvalidKeyError);
});

it('refuses an empty secret and an unbounded memo', () => {
  expect(() => new ArgumentKeys({ secret: '', memo: 0 })).toThrow(InvalidOptionsError);
});
