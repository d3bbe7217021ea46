// A program without Nest, and with nothing of Nest installed.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  cacheManager,
  closeCache,
  getCache,
  getRedisClient,
  initializeRedis,
  rateLimits,
} from '@mobius1/cache/standalone';

await assert.rejects(import('@nestjs/common'), { code: 'ERR_MODULE_NOT_FOUND' });

initializeRedis({ url: process.env.REDIS_URL, keyPrefix: `consumer-${randomUUID()}:` });
await getRedisClient().connect();

let loads = 0;
const price = () =>
  cacheManager.getOrSet('price:42', () => ({ cents: 100, load: ++loads }), { ttl: '1m', tags: ['prices'] });
assert.equal((await price()).load, 1);
assert.equal((await price()).load, 1);
await cacheManager.invalidateByTag('prices');
assert.equal((await price()).load, 2);

const two = { name: 'two', limit: 2, window: '1m' };
const allowed = [];
for (let i = 0; i < 3; i++) allowed.push((await rateLimits.check('somebody', two)).allowed);
assert.deepEqual(allowed, [true, true, false]);

const { status, store, coherence } = await getCache().health();
assert.deepEqual({ status, store, coherence }, { status: 'up', store: 'redis', coherence: 'coherent' });

await closeCache();
console.log('ok');
