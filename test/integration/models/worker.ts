import { setTimeout as sleep } from 'node:timers/promises';
import { CacheInstance } from '../../../libs/cache/src/instance/cache-instance.js';
import { serve } from '../../support/program-main.js';

const { REDIS_URL: url = '', PREFIX: keyPrefix = '' } = process.env;
const cache = new CacheInstance({
  redis: { url, keyPrefix, commandTimeout: 10_000 },
  model: { secret: 'a secret of the tests' },
});

let inferences = 0;

serve({
  connect: () => cache.connect(),

  /** Asks the same so often at once; how often the model was asked here, and what came of it. */
  async ask(times: number, input: string) {
    inferences = 0;
    const run = async (): Promise<string> => {
      inferences++;
      await sleep(200);
      return `to ${input}`;
    };
    const question = { modelId: 'llama', input, workspaceId: 'w1' };
    const answers = await Promise.all(Array.from({ length: times }, () => cache.models.wrap(question, run)));
    return { inferences, outputs: [...new Set(answers.map(({ output }) => output))] };
  },
});
