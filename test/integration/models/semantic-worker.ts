import { CacheInstance } from '../../../libs/cache/src/instance/cache-instance.js';
import { serve } from '../../support/program-main.js';
import { semanticOptions } from './semantic-setup.js';

const { REDIS_URL: url = '', PREFIX: keyPrefix = '' } = process.env;
const cache = new CacheInstance({
  redis: { url, keyPrefix, commandTimeout: 10_000 },
  model: { secret: 'a secret of the tests', semantic: semanticOptions() },
});

serve({
  connect: () => cache.connect(),

  /** What came of a question, and whether the model was asked. */
  async ask(input: string, answer: string) {
    let ran = false;
    const { output, hit, similarity } = await cache.models.wrap({ modelId: 'llama', input, workspaceId: 'w1' }, () => {
      ran = true;
      return answer;
    });
    return { output, hit, similarity, ran };
  },

  partitions: () => cache.models.semanticPartitions(),
  stats: () => cache.models.getStats().semantic,
  invalidate: () => cache.models.invalidateModel('llama'),
});
