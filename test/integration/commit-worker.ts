import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';
import { Database } from '../../libs/database/src/drivers/database.js';
import { Transactions } from '../../libs/database/src/features/transactions.js';
import { type Prisma, PrismaClient } from '../../src/generated/prisma/client.js';
import { serve } from '../support/program-main.js';

const { DATABASE_URL: url = '', REDIS = '{}', FENCE } = process.env;

const database = new Database({ url });
const transactions = new Transactions<Prisma.TransactionClient>(new PrismaClient({ adapter: database.adapter }), {
  database,
});
const cache = new CacheInstance({
  redis: JSON.parse(REDIS) as RedisOptions,
  unitOfWork: database.unitOfWork,
  fence: FENCE === 'true',
});

serve({
  /** Commits, and does not live to tell the cache. */
  async addAndDie() {
    await cache.connect();
    await transactions.run(async (tx) => {
      await tx.$executeRaw`UPDATE counter SET n = n + 1 WHERE id = 1`;
      void transactions.afterCommit(() => void process.kill(process.pid, 'SIGKILL'));
      await cache.manager.invalidateByTag('counters');
      await cache.manager.delete('n');
    });
  },
});
