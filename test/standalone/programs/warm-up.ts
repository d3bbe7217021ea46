// Fills the cache before the first request comes.
import { cacheManager, CacheKeys, closeCache, DefaultTTL, getRedisClient } from '@mobius1/cache/standalone';
import { connect } from '../connect.js';
import { logger, say } from '../say.js';

const prisma = {
  template: {
    async findMany({ where }: { where: { popular: boolean } }) {
      return Array.from({ length: 100 }, (_, i) => ({ id: `t${i}`, popular: where.popular }));
    },
  },
};

async function warmUpCache() {
  logger.info('Starting cache warm-up');

  const templates = await prisma.template.findMany({
    where: { popular: true },
  });

  const result = await cacheManager.warmUp(
    templates.map((t) => ({
      key: CacheKeys.template(t.id),
      value: t,
      ttl: DefaultTTL.day,
    })),
  );

  logger.info('Cache warm-up completed', result);
}

async function main() {
  await connect();
  await warmUpCache();
  const template = await cacheManager.getOrSet(CacheKeys.template('t99'), () => {
    throw new Error('the load must not run');
  });
  const seconds = await getRedisClient()
    .getClient()
    .ttl(`${process.env.REDIS_KEY_PREFIX}${CacheKeys.template('t99')}`);
  say('warm', { template, seconds });
  await cacheManager.clear();
  await closeCache();
}

void main();
