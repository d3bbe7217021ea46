import assert from 'node:assert/strict';
import type { INestApplication } from '@nestjs/common';
import * as library from '@mobius1/cache';

interface Limiter {
  check(
    key: string,
    policies: readonly { readonly name: string; readonly limit: number; readonly window: string }[],
  ): Promise<{ readonly allowed: boolean }>;
}

type Token = new (...args: never[]) => Limiter;

/** Admits what the limit says and refuses the next. */
export async function verifyLimits(application: INestApplication): Promise<void> {
  const { RateLimitService } = library as { readonly RateLimitService?: Token };
  const expected = process.env.CONSUMER_LIMITS === 'yes';
  assert.equal(RateLimitService !== undefined, expected, 'RateLimitService is exported, or not, as expected');
  if (RateLimitService === undefined) return;

  const limiter = application.get<Limiter>(RateLimitService);
  const allowed: boolean[] = [];
  for (let i = 0; i < 3; i++) {
    allowed.push((await limiter.check('somebody', [{ name: 'two', limit: 2, window: '1m' }])).allowed);
  }
  assert.deepEqual(allowed, [true, true, false]);
}
