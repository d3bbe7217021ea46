import { encode } from '../../core/codec/codec.js';
import { Entry } from '../../core/entry.js';
import { newToken } from '../../core/token.js';
import { keyOf, NearEntry, Terms, termsOf, TimedNearEntry } from './near-entry.js';

const NOW = Date.now();

function entryOf(
  value: unknown,
  changes: { ttlMs?: number; staleMs?: number; costMs?: number; tag?: string } = {},
): Entry {
  const { ttlMs = 60_000, staleMs = 0, costMs = 1, tag = 'g1' } = changes;
  const freshUntil = NOW + ttlMs;
  return new Entry({
    version: newToken(),
    createdAt: NOW,
    freshUntil,
    goneUntil: freshUntil + staleMs,
    costMs,
    stamps: [{ name: 'root', generation: tag }],
    payload: encode(value),
  });
}

const held = (entry: Entry): NearEntry => new NearEntry(entry, new Terms(termsOf(entry), NOW - 5_000));

describe('an entry as the tier holds it', () => {
  it.each([1, 60_000, 30 * 24 * 3600 * 1000, 400 * 24 * 3600 * 1000])(
    'ends when the entry does, after %d ms',
    (ttlMs) => {
      const entry = entryOf('v', { ttlMs, staleMs: 7 });
      expect(held(entry)).toMatchObject({ freshUntil: entry.freshUntil, goneUntil: entry.goneUntil });
    },
  );

  it('never lasts longer for being held: parts of a millisecond are dropped', () => {
    const entry = entryOf('v', { ttlMs: 10.9 });
    expect(held(entry).freshUntil).toBeLessThanOrEqual(entry.freshUntil);
  });

  it.each([0, 0.4, 1, 3, 9, 100, 1_234, 9_999_999])('knows what a load of %d ms cost, to an eighth', (costMs) => {
    const { costMs: known } = held(entryOf('v', { costMs }));
    expect(Math.abs(known - costMs)).toBeLessThanOrEqual(Math.max(0.5, costMs / 8));
  });

  it('shares plain values and hands out others as copies (G8)', () => {
    const plain = held(entryOf({ a: [1] }));
    expect(plain.value()).toBe(plain.value());
    expect(plain.value()).toEqual({ a: [1] });
    expect(Object.isFrozen(plain.value())).toBe(true);
    for (const value of [{ at: new Date(5) }, new Map([['a', 1]])]) {
      const other = held(entryOf(value));
      expect(other.value()).toEqual(value);
      expect(other.value()).not.toBe(other.value());
    }
  });

  it('holds null, false, 0 and the empty string as values', () => {
    for (const value of [null, false, 0, '']) {
      const entry = held(entryOf(value));
      expect([entry.value(), entry.value()]).toEqual([value, value]);
    }
  });

  it('has the terms of entries with the same generations, cost and stale time', () => {
    const key = (entry: Entry): string => keyOf(termsOf(entry));
    expect(key(entryOf(1, { costMs: 1_000 }))).toBe(key(entryOf(2, { costMs: 1_010, ttlMs: 5 })));
    expect(key(entryOf(1))).not.toBe(key(entryOf(1, { tag: 'g2' })));
    expect(key(entryOf(1))).not.toBe(key(entryOf(1, { staleMs: 1 })));
    expect(key(entryOf(1))).not.toBe(key(entryOf(1, { costMs: 100 })));
  });

  it('may be held for a limited time', () => {
    const entry = entryOf('v');
    expect(new TimedNearEntry(entry, new Terms(termsOf(entry), NOW), 42)).toMatchObject({ until: 42 });
  });
});
