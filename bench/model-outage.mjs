// What does the model cache add to an inference while Redis is frozen: at first, and once the breaker is open?
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './harness.mjs';

const INFERENCE_MS = 100;
const ASKED = 60;

export async function modelOutage({ CacheInstance, RedisEnv }) {
  const redis = await RedisEnv.process();
  const cache = new CacheInstance({
    redis: { url: redis.url, keyPrefix: `bench-${randomUUID()}:` },
    model: { secret: 'a secret of the benchmarks' },
  });
  await cache.connect();
  const ask = async (i, inference) => {
    const start = performance.now();
    await cache.models.wrap({ modelId: 'm', input: `question ${i}`, workspaceId: 'w1' }, inference);
    return performance.now() - start;
  };
  const slow = () => sleep(INFERENCE_MS).then(() => 'answer');
  await ask('warm', slow);
  const answered = [];
  for (let i = 0; i < 20; i++) answered.push(await ask(`before ${i}`, slow));
  redis.freeze();
  const frozen = [];
  for (let i = 0; i < ASKED; i++) {
    frozen.push({ took: await ask(`frozen ${i}`, slow), open: cache.connection.breaker.state === 'open' });
  }
  redis.thaw();
  await cache.close(0);
  await redis.stop();
  const base = median(answered);
  const added = (values) => (values.length === 0 ? '' : `${Math.max(0, median(values) - base).toFixed(1)} ms`);
  const longest = (values) => (values.length === 0 ? '' : `${Math.max(0, Math.max(...values) - base).toFixed(1)} ms`);
  const until = frozen.filter(({ open }) => !open).map(({ took }) => took);
  const after = frozen.filter(({ open }) => open).map(({ took }) => took);
  return [
    {
      title: `Redis frozen: what it adds to an inference of ${INFERENCE_MS} ms`,
      rows: [
        {
          'while the breaker is': 'closed',
          inferences: until.length,
          median: added(until),
          most: longest(until),
          goal: 'at most the time-out of a read, 50 ms',
        },
        {
          'while the breaker is': 'open',
          inferences: after.length,
          median: added(after),
          most: longest(after),
          goal: '0 ms',
        },
      ],
    },
  ];
}
