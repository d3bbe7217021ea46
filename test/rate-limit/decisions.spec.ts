import type { RateLimitPolicy } from '@mobius1/cache';
import { createLimits } from './limits.js';

const perMinute = { name: 'minute', limit: 3, window: '1m' } satisfies RateLimitPolicy;

describe('a decision', () => {
  it('lets the limit pass in a window, and says when the next one may', async () => {
    const { limits, clock } = createLimits();
    for (const remaining of [2, 1, 0]) {
      expect(await limits.check('user:1', perMinute)).toEqual({
        allowed: true,
        source: 'memory',
        unavailable: false,
        results: [
          expect.objectContaining({
            policy: 'minute',
            key: 'user:1',
            limit: 3,
            windowMs: 60_000,
            allowed: true,
            remaining,
          }),
        ],
      });
      await clock.advance(10_000);
    }
    const denied = await limits.check('user:1', perMinute);
    expect(denied).toMatchObject({
      allowed: false,
      retryAfterMs: 30_000,
      results: [{ remaining: 0, resetMs: 50_000 }],
    });
    await clock.advance(29_999);
    expect((await limits.check('user:1', perMinute)).allowed).toBe(false);
    await clock.advance(1);
    expect((await limits.check('user:1', perMinute)).allowed).toBe(true);
    expect((await limits.check('user:2', perMinute)).allowed).toBe(true);
  });
});
