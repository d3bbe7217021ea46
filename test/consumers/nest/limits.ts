import assert from 'node:assert/strict';
import type { INestApplication } from '@nestjs/common';
import { RateLimitService } from '@mobius1/cache';

/** Admits what the limit says and refuses the next. */
export async function verifyLimits(application: INestApplication): Promise<void> {
  const limits = application.get(RateLimitService);
  const policy = { name: 'two', limit: 2, window: '1m' } as const;
  const allowed: boolean[] = [];
  for (let i = 0; i < 3; i++) allowed.push((await limits.check('somebody', policy)).allowed);
  assert.deepEqual(allowed, [true, true, false]);
}
