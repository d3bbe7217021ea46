// Reads the statistics and warns when the cache helps too little.
import { cacheManager, closeCache } from '@mobius1/cache/standalone';
import { connect } from '../connect.js';
import { logger, say } from '../say.js';

async function monitor() {
  const stats = await cacheManager.getStats();
  logger.info('Cache statistics', {
    hitRate: stats.hitRate,
    hits: stats.hits,
    misses: stats.misses,
    keys: stats.keys,
    memory: stats.memory > 0,
  });

  if (stats.hitRate < 50) {
    logger.warn('Low cache hit rate', { hitRate: stats.hitRate });
  }
}

async function main() {
  await connect();
  await monitor();
  for (const key of ['a', 'b', 'a']) await cacheManager.getOrSet(key, () => key);
  await monitor();
  for (let i = 0; i < 3; i++) await cacheManager.getOrSet('a', () => 'again');
  await monitor();
  await cacheManager.clear();
  await closeCache();
  say('closed');
}

void main();
