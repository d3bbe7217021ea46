import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { verifyLimits } from './limits.js';
import { Prices } from './prices.js';

/** Two applications on one Redis, asked over HTTP: they cache, invalidate, limit, and tell how they are. */
export async function verify(): Promise<void> {
  process.env.REDIS_KEY_PREFIX = `consumer-${randomUUID()}:`;
  const [first, second] = [await start(), await start()];
  try {
    await verifyCache(first, second);
    await verifyLimits(first.application);
    await verifyHealth(first);
  } finally {
    await Promise.all([first.application.close(), second.application.close()]);
  }
}

interface Running {
  readonly application: INestApplication;
  readonly url: string;
  readonly prices: Prices;
}

async function start(): Promise<Running> {
  const application = await NestFactory.create(AppModule);
  await application.listen(0, '127.0.0.1');
  return { application, url: await application.getUrl(), prices: application.get(Prices) };
}

async function verifyCache(first: Running, second: Running): Promise<void> {
  const price = async ({ url }: Running): Promise<number> => {
    const { cents } = (await (await fetch(`${url}/prices/42`)).json()) as { cents: number };
    return cents;
  };
  assert.equal(await price(first), 100);
  assert.equal(await price(first), 100);
  assert.equal(await price(second), 100);
  assert.deepEqual([first.prices.loads, second.prices.loads], [1, 0], 'loaded once, for both applications');

  const { status } = await fetch(`${first.url}/prices/42`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cents: 120 }),
  });
  assert.equal(status, 201);
  assert.equal(await price(first), 120, 'invalidated at once where it was changed');
  const end = Date.now() + 5_000; // elsewhere one message of Redis later
  while ((await price(second)) !== 120) assert.ok(Date.now() < end, 'invalidated in the other application');
  assert.deepEqual([first.prices.loads, second.prices.loads], [2, 0], 'and loaded once again');
}

async function verifyHealth({ url }: Running): Promise<void> {
  const response = await fetch(`${url}/health`);
  const { status, details } = (await response.json()) as {
    status: string;
    details: Record<'cache' | 'redis', { status: string; store: string; coherence?: string }>;
  };
  assert.deepEqual([response.status, status], [200, 'ok']);
  assert.deepEqual([details.cache.status, details.cache.store, details.redis.status], ['up', 'redis', 'up']);
  assert.equal(details.cache.coherence, 'coherent');
}
