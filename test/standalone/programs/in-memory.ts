// Never sets Redis up: the cache lives in this process, and nothing has to be closed.
import { cacheManager } from '@mobius1/cache/standalone';
import { say } from '../say.js';

async function main() {
  let loads = 0;
  for (let i = 0; i < 3; i++) await cacheManager.getOrSet('k', async () => ++loads, { ttl: '1h', tags: ['t'] });
  await cacheManager.invalidateByTag('t');
  say('invalidated', { value: await cacheManager.getOrSet('k', async () => ++loads, { ttl: '1h' }) });
  await cacheManager.increment('n', { ttl: 60 });
  const { hits, misses } = await cacheManager.getStats();
  say('counted', { hits, misses });
}

void main();
