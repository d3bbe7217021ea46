import { encode } from './codec/codec.js';
import { Entry, type EntryFields } from './entry.js';
import { entryRecord, FAILURE_RECORD, leaseRecord, parseRecord } from './record.js';
import { newToken } from './token.js';

const NOW = Date.UTC(2026, 0, 1);
const stamps = [
  { name: '*', generation: 'g:e:1' },
  { name: 't:é', generation: 'h:e:2' },
];

const entryOf = (fields: Partial<EntryFields> = {}): Entry =>
  new Entry({
    version: newToken(),
    createdAt: NOW,
    freshUntil: NOW + 1_000,
    goneUntil: NOW + 2_000,
    costMs: 17,
    stamps,
    payload: encode({ a: 'é' }),
    ...fields,
  });

const bytesOf = (entry: Entry): Buffer => Buffer.from(entryRecord(entry));

describe('a record', () => {
  it.each([
    ['JSON', { a: 'é' }],
    ['the binary format', new Map([[1, new Date(5)]])],
  ])('brings back an entry with a value in %s', (_, value) => {
    const entry = entryOf({ payload: encode(value) });
    const found = parseRecord(bytesOf(entry), NOW);
    if (found.kind !== 'entry') throw new Error(found.kind);
    const { version, createdAt, freshUntil, goneUntil, costMs } = entry;
    expect(found.entry).toMatchObject({ version, createdAt, freshUntil, goneUntil, costMs, stamps });
    expect(found.entry.value()).toEqual(value);
    expect(found.holder).toBeUndefined();
  });

  it('tells of a lease, and of a load that failed', () => {
    const token = newToken();
    expect(parseRecord(Buffer.from(leaseRecord(token, NOW + 5)), NOW)).toMatchObject({ kind: 'lease', holder: token });
    expect(parseRecord(Buffer.from(FAILURE_RECORD), NOW)).toEqual({ kind: 'failed' });
  });

  it('of a TTL of a thousand years is one of two hundred: the header has no room for more', () => {
    const far = NOW + 1_000 * 365 * 86_400_000;
    const found = parseRecord(bytesOf(entryOf({ freshUntil: far, goneUntil: far, costMs: 1e12 })), NOW);
    if (found.kind !== 'entry') throw new Error(found.kind);
    expect(new Date(found.entry.freshUntil).getUTCFullYear()).toBe(2286);
    expect(found.entry.value()).toEqual({ a: 'é' });
  });

  it('that was cut, or has something behind it, is foreign', () => {
    const bytes = bytesOf(entryOf());
    for (let end = 0; end < bytes.length; end++) expect(parseRecord(bytes.subarray(0, end), NOW).kind).toBe('foreign');
    expect(parseRecord(Buffer.concat([bytes, Buffer.from('x')]), NOW).kind).toBe('foreign');
  });

  it.each([
    ['12', { kind: 'counter', count: 12 }],
    ['-3', { kind: 'counter', count: -3 }],
    ['9007199254740993', { kind: 'foreign' }],
    ['1.5', { kind: 'foreign' }],
    ['hello', { kind: 'foreign' }],
    [`M2${'V'.repeat(200)}`, { kind: 'foreign' }],
  ])('that reads %p is no entry', (text, found) => {
    expect(parseRecord(Buffer.from(text), NOW)).toEqual(found);
  });
});
