import fc from 'fast-check';
import { exponentialBackoff, type ExponentialBackoffOptions } from './backoff.js';
import { InvalidOptionsError } from './option-errors.js';

describe('exponentialBackoff', () => {
  it('doubles up to the cap', () => {
    const backoff = exponentialBackoff({ base: 100, cap: 1_000, jitter: 'none' });
    expect([1, 2, 3, 4, 5, 6].map((attempt) => backoff(attempt, 0.5))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  });

  it('grows by another factor, or not at all', () => {
    const tripled = exponentialBackoff({ base: 1, cap: 100, factor: 3, jitter: 'none' });
    expect([1, 2, 3].map((attempt) => tripled(attempt, 0))).toEqual([1, 3, 9]);
    const steady = exponentialBackoff({ base: 7, cap: 7, factor: 1, jitter: 'none' });
    expect(steady(50, 0)).toBe(7);
  });

  it('reads durations', () => {
    expect(exponentialBackoff({ base: '2s', cap: '1m', jitter: 'none' })(1, 0)).toBe(2_000);
  });

  it('leaves everything to chance with full jitter, which is the default', () => {
    for (const backoff of [
      exponentialBackoff({ base: 100, cap: 1_000 }),
      exponentialBackoff({ base: 100, cap: 1_000, jitter: 'full' }),
    ]) {
      expect([0, 0.25, 0.5].map((random) => backoff(2, random))).toEqual([0, 50, 100]);
    }
  });

  it('leaves the upper half to chance with equal jitter', () => {
    const backoff = exponentialBackoff({ base: 100, cap: 1_000, jitter: 'equal' });
    expect([0, 0.5].map((random) => backoff(1, random))).toEqual([50, 75]);
  });

  it('is at the cap after more attempts than a number can count', () => {
    const backoff = exponentialBackoff({ base: 1, cap: 500, jitter: 'none' });
    expect(backoff(1e9, 0)).toBe(500);
    expect(backoff(Infinity, 0)).toBe(500);
  });

  it('takes an attempt below 1 for the first', () => {
    expect(exponentialBackoff({ base: 8, cap: 500, jitter: 'none' })(0, 0)).toBe(8);
  });

  it('stays within its bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.constantFrom('full' as const, 'equal' as const, 'none' as const),
        fc.integer({ min: 1, max: 2_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (base, more, jitter, attempt, random) => {
          const delay = exponentialBackoff({ base, cap: base + more, jitter })(attempt, random);
          const least = jitter === 'full' ? 0 : jitter === 'equal' ? base / 2 : base;
          expect(delay).toBeGreaterThanOrEqual(least);
          expect(delay).toBeLessThanOrEqual(base + more);
        },
      ),
    );
  });

  it.each<[Record<string, unknown>, string]>([
    [{ cap: 5 }, 'base: expected a duration'],
    [{ base: 5 }, 'cap: expected a duration'],
    [{ base: 0, cap: 5 }, 'base: expected a positive number of milliseconds'],
    [{ base: 10, cap: 5 }, 'cap: expected at least base (10 ms)'],
    [{ base: 1, cap: 5, factor: 0.5 }, 'factor: expected a number of at least 1'],
    [{ base: 1, cap: 5, factor: NaN }, 'factor: expected'],
    [{ base: 1, cap: 5, jitter: 'some' }, "jitter: expected one of 'full', 'equal', 'none'"],
    [{ base: 1, cap: 5, jiter: 'full' }, "did you mean 'jitter'?"],
  ])('refuses %p', (options, message) => {
    const make = (): unknown => exponentialBackoff(options as unknown as ExponentialBackoffOptions);
    expect(make).toThrow(InvalidOptionsError);
    expect(make).toThrow(message);
  });
});
