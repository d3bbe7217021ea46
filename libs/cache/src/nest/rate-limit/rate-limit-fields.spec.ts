import fc from 'fast-check';
import { isInnerList, parseList } from 'structured-headers';
import { legacyFields, type PolicyStanding, rateLimitFields, retryAfter } from './rate-limit-fields.js';

const standing = (changes: Partial<PolicyStanding> = {}): PolicyStanding => ({
  name: 'p',
  limit: 10,
  windowMs: 60_000,
  remaining: 7,
  resetMs: 30_000,
  violated: false,
  retryAfterMs: 0,
  ...changes,
});

describe('RateLimit-Policy and RateLimit', () => {
  it('list quoted policies with quota and window, and with what remains for how long', () => {
    const hourly = standing({ name: 'hourly', limit: 1_000, windowMs: 3_600_000, remaining: 999, resetMs: 3_599_001 });
    expect(rateLimitFields([standing({ name: 'Users.list' }), hourly])).toEqual({
      'RateLimit-Policy': '"Users.list";q=10;w=60, "hourly";q=1000;w=3600',
      RateLimit: '"Users.list";r=7;t=30, "hourly";r=999;t=3600',
    });
  });

  it('say when a policy that denied admits again', () => {
    const denied = standing({ limit: 5, windowMs: 1_000, remaining: 0, resetMs: 900, violated: true, retryAfterMs: 1 });
    expect(rateLimitFields([denied])).toEqual({ 'RateLimit-Policy': '"p";q=5;w=1', RateLimit: '"p";r=0;t=1' });
  });

  it.each<[string, Partial<PolicyStanding>, string, string]>([
    ['half a second', { windowMs: 500 }, '"p";q=10;w=1', '"p";r=7;t=30'],
    ['a full quota', { remaining: 10, resetMs: 0 }, '"p";q=10;w=60', '"p";r=10;t=0'],
    ['slots', { windowMs: 0 }, '"p";q=10;qu="concurrent-requests"', '"p";r=7;t=30'],
    ['a debt', { remaining: -3 }, '"p";q=10;w=60', '"p";r=0;t=30'],
    ['what waiting does not help', { violated: true, retryAfterMs: undefined }, '"p";q=10;w=60', '"p";r=7'],
    ['a name with quotes', { name: 'say "x\\y"' }, '"say \\"x\\\\y\\"";q=10;w=60', '"say \\"x\\\\y\\"";r=7;t=30'],
    ['a name that is not ASCII', { name: 'año\n' }, '"a?o?";q=10;w=60', '"a?o?";r=7;t=30'],
    [
      'more than a field can say',
      { limit: 2 ** 60, remaining: 2 ** 60 },
      '"p";q=999999999999999;w=60',
      '"p";r=999999999999999;t=30',
    ],
  ])('write %s', (_, changes, policy, left) => {
    expect(rateLimitFields([standing(changes)])).toEqual({ 'RateLimit-Policy': policy, RateLimit: left });
  });

  it('are absent without a policy', () => {
    expect(rateLimitFields([])).toEqual({});
    expect(legacyFields([])).toEqual({});
  });
});

describe('Retry-After', () => {
  it('is absent when nothing was denied, or when waiting does not help', () => {
    expect(retryAfter([standing({ retryAfterMs: 5_000 })])).toBeUndefined();
    const denied = standing({ violated: true, retryAfterMs: 5_000 });
    expect(retryAfter([denied, standing({ violated: true, retryAfterMs: undefined })])).toBeUndefined();
    expect(retryAfter([denied, standing({ retryAfterMs: undefined })])).toBe(5);
  });

  it('is never 0, and never before the largest t of a policy that denied', () => {
    const arbitrary = fc.record({
      name: fc.constantFrom('a', 'b'),
      limit: fc.nat(),
      windowMs: fc.nat(),
      remaining: fc.nat(),
      resetMs: fc.nat(),
      violated: fc.constant(true),
      retryAfterMs: fc.nat({ max: 10_000_000 }),
    });
    fc.assert(
      fc.property(fc.array(arbitrary, { minLength: 1 }), (standings) => {
        const after = retryAfter(standings) ?? 0;
        const left = parseList(rateLimitFields(standings).RateLimit ?? '');
        const largest = Math.max(...left.map((one) => (isInnerList(one) ? NaN : Number(one[1].get('t')))));
        expect(after).toBeGreaterThanOrEqual(1);
        expect(after).toBe(largest);
        for (const { retryAfterMs } of standings) expect(after * 1_000).toBeGreaterThanOrEqual(retryAfterMs);
      }),
    );
  });
});

describe('X-RateLimit-*', () => {
  it('tell of the policy that has the least left', () => {
    const daily = standing({ name: 'daily', limit: 1_000, remaining: 100, resetMs: 1_500 });
    expect(legacyFields([standing(), daily])).toEqual({
      'X-RateLimit-Limit': '1000',
      'X-RateLimit-Remaining': '100',
      'X-RateLimit-Reset': '2',
    });
  });

  it('tell of the policy that denied', () => {
    const denied = standing({ limit: 1_000, remaining: 2, violated: true, retryAfterMs: 2_001 });
    expect(legacyFields([standing({ remaining: 0 }), denied])).toMatchObject({
      'X-RateLimit-Limit': '1000',
      'X-RateLimit-Reset': '3',
    });
  });
});
