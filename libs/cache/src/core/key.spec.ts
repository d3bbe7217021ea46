import fc from 'fast-check';
import { InvalidKeyError } from './errors.js';
import { decodeKey, encodeKey, entryId, MAX_KEY_LENGTH, MAX_NAMESPACE_LENGTH, parseEntryId } from './key.js';

const tricky = fc.string({
  unit: fc.constantFrom(
    'a',
    ':',
    '|',
    '~',
    '%',
    '7',
    'C',
    'u',
    'D',
    '8',
    '0',
    '\n',
    '\u007f',
    '\ud800',
    '\udc00',
    'é',
    '*',
  ),
  minLength: 1,
  maxLength: 12,
});
const text = fc.oneof(tricky, fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }));

it.each([
  ['user:123', 'user:123'],
  ['a b/c?d=é漢😀*[x]', 'a b/c?d=é漢😀*[x]'],
  ['100%', '100%25'],
  ['a|b', 'a%7Cb'],
  ['~root', '%7Eroot'],
  ['a~b', 'a~b'],
  ['a\nb\0', 'a%0Ab%00'],
  ['\u007f\u0085', '%7F%85'],
  ['x\ud800', 'x%uD800'],
  ['\udc00\ud800', '%uDC00%uD800'],
])('%j is encoded as %j', (key, encoded) => {
  expect(encodeKey(key)).toBe(encoded);
  expect(decodeKey(encoded)).toBe(key);
});

it('puts the namespace before the key', () => {
  expect(entryId('document:9', 'workspace:w1')).toBe('workspace:w1|document:9');
  expect(parseEntryId('workspace:w1|document:9')).toEqual({ namespace: 'workspace:w1', key: 'document:9' });
  expect(parseEntryId('document:9')).toEqual({ namespace: undefined, key: 'document:9' });
});

it('gives back namespace and key, whatever they are', () => {
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), (key, namespace) => {
      expect(decodeKey(encodeKey(key))).toBe(key);
      expect(parseEntryId(entryId(key, namespace))).toEqual({ namespace, key });
    }),
    { numRuns: 5_000 },
  );
});

it('never gives two pairs one name', () => {
  const pair = fc.tuple(tricky, fc.option(tricky, { nil: undefined }));
  fc.assert(
    fc.property(pair, pair, ([k1, n1], [k2, n2]) => {
      expect(entryId(k1, n1) === entryId(k2, n2)).toBe(k1 === k2 && n1 === n2);
    }),
    { numRuns: 5_000 },
  );
});

it('survives UTF-8, and never begins with ~ nor holds a control character', () => {
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), (key, namespace) => {
      const id = entryId(key, namespace);
      expect(Buffer.from(id).toString()).toBe(id);
      expect(id).not.toMatch(/^~|\p{Cc}/u);
    }),
  );
});

it('takes the longest key and namespace, and nothing longer', () => {
  expect(encodeKey('k'.repeat(MAX_KEY_LENGTH))).toHaveLength(MAX_KEY_LENGTH);
  expect(() => encodeKey('k'.repeat(MAX_KEY_LENGTH + 1))).toThrow('this one is 1025 characters long');
  expect(() => entryId('k', 'n'.repeat(MAX_NAMESPACE_LENGTH))).not.toThrow();
  expect(() => entryId('k', 'n'.repeat(MAX_NAMESPACE_LENGTH + 1))).toThrow(InvalidKeyError);
});

it.each<[unknown, string]>([
  ['', 'this one is empty'],
  [undefined, 'of type undefined'],
  [null, 'this one is null'],
  [5, 'of type number'],
  [['a'], 'an array'],
  [{ toString: () => 'a' }, 'of type object'],
])('refuses %p as a key', (key, message) => {
  expect(() => encodeKey(key as string)).toThrow(InvalidKeyError);
  expect(() => entryId(key as string)).toThrow(message);
  if (key !== undefined) expect(() => entryId('k', key as string)).toThrow(InvalidKeyError);
});

it('never shows the key', () => {
  expect(() => encodeKey('alice@example.com'.repeat(100))).toThrow(/^[^@]*$/);
});
