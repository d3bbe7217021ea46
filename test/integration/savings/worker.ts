import { CacheInstance } from '../../../libs/cache/src/instance/cache-instance.js';
import { serve } from '../../support/program-main.js';

const { REDIS_URL: url = '', PREFIX: keyPrefix = '' } = process.env;
const models = { a: { input: 1_000_000, output: 3_333_333 }, b: { input: 7, output: 11 } };
const cache = new CacheInstance({
  redis: { url, keyPrefix, commandTimeout: 10_000 },
  // Often, so that processes write the same sheets at the same time.
  model: { secret: 'a secret of the tests', prices: { currency: 'EUR', models }, savings: { flushInterval: 10 } },
});

serve({
  connect: () => cache.connect(),

  /** Asks so many questions, the same ones in every process, and tells how each was answered. */
  async ask(times: number): Promise<string[]> {
    const hits: string[] = [];
    for (let i = 0; i < times; i++) {
      const question = { workspaceId: `w${i % 3}`, modelId: i % 2 === 0 ? 'a' : 'b', input: `question ${i % 20}` };
      const describe = () => ({ usage: { input: 7, output: 3 }, latencyMs: 11 });
      hits.push((await cache.models.wrap({ ...question, describe }, () => 'an answer')).hit);
    }
    return hits;
  },

  savings: () => cache.models.getSavings({ groupBy: [] }),
  close: () => cache.close(),
});
