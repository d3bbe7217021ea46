import type { HeldEntry } from './entry.js';
import { judge, lifetimeFrom, refreshesEarly, servesErrors } from './freshness.js';

const entry = (times: Partial<HeldEntry>): HeldEntry => ({
  freshUntil: 10_000,
  goneUntil: 70_000,
  costMs: 1_000,
  value: () => 'v',
  ...times,
});

describe('an entry', () => {
  it.each([
    [9_999, 'fresh'],
    [10_000, 'stale'],
    [14_999, 'stale'],
    [15_000, 'expired'],
  ])('at %d ms is %s for a reader who takes it for 5 s after its TTL', (now, freshness) => {
    expect(judge(entry({}), now, 5_000)).toBe(freshness);
  });

  it('is expired once the store keeps it no more, whatever the reader takes', () => {
    expect(judge(entry({ goneUntil: 12_000 }), 12_000, Infinity)).toBe('expired');
    expect(servesErrors(entry({ goneUntil: 12_000 }), 12_000, Infinity)).toBe(false);
  });

  it('answers for a load that failed within its time', () => {
    expect(servesErrors(entry({}), 69_999, 60_000)).toBe(true);
    expect(servesErrors(entry({}), 70_000, 60_000)).toBe(false);
    expect(servesErrors(entry({}), 10_000, 0)).toBe(false);
  });
});

describe('an early refresh', () => {
  const DICE = 10_000;

  /** The share of all dice that start one, `left` ms before the end. */
  function share({ left, beta, costMs = 1_000 }: { left: number; beta: number; costMs?: number }): number {
    const rolled = Array.from({ length: DICE }, (_, i) =>
      refreshesEarly(entry({ costMs }), 10_000 - left, beta, i / DICE),
    );
    return rolled.filter(Boolean).length / DICE;
  }

  it.each([
    { left: 9_000, beta: 1 },
    { left: 1_000, beta: 1 },
    { left: 100, beta: 1 },
    { left: 1_000, beta: 4 },
    { left: 5_000, beta: 1, costMs: 10_000 },
  ])('has the chance of the paper, exp(-time left / (cost × beta)): %p', (conditions) => {
    const { left, beta, costMs = 1_000 } = conditions;
    expect(share(conditions)).toBeCloseTo(Math.exp(-left / (costMs * beta)), 3);
  });

  it('of beta 0 never is, however dear the load and near the end', () => {
    expect(share({ left: 1, beta: 0, costMs: 1e9 })).toBe(0);
  });
});

describe('the lifetime of what is stored now', () => {
  const lifetime = { ttlMs: 1_000, jitter: 0.4, staleMs: 500 };

  it.each([
    [0, 1_000],
    [0.5, 800],
    [0.999999, 600],
  ])('is only shortened by chance (%d): %d ms', (random, ms) => {
    expect(lifetimeFrom(50, lifetime, random)).toEqual({ createdAt: 50, freshUntil: 50 + ms, goneUntil: 550 + ms });
  });

  it('is a millisecond at least', () => {
    expect(lifetimeFrom(0, { ttlMs: 1, jitter: 1, staleMs: 0 }, 0.9)).toMatchObject({ freshUntil: 1, goneUntil: 1 });
  });
});
