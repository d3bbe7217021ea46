// How long after a writer's call began does another process still serve what it invalidated?
import { percentile, times } from './harness.mjs';

const ROUNDS = times(400, 20);

export async function coherence({ CacheInstance, url, prefix }) {
  const redis = { url, keyPrefix: prefix, commandTimeout: 5_000 };
  const [reader, writer] = [new CacheInstance({ redis }), new CacheInstance({ redis })];
  await Promise.all([reader.connect(), writer.connect()]);
  const held = () => reader.near.store.peek('k') !== undefined;
  const rows = [];
  const ways = [
    ['delete', () => writer.manager.delete('k')],
    ['invalidateByTag', () => writer.manager.invalidateByTag('t')],
  ];
  for (const [name, invalidate] of ways) {
    const delays = [];
    for (let round = 0; round < ROUNDS; round++) {
      while (!held()) {
        await reader.manager.getOrSet('k', () => round, { ttl: 60, tags: ['t'] });
        await reader.near.catchUp();
      }
      const start = performance.now();
      const done = invalidate();
      while (held()) await new Promise(setImmediate);
      delays.push(performance.now() - start);
      await done;
    }
    const [median, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)];
    rows.push({ by: name, median: `${median.toFixed(2)} ms`, p99: `${p99.toFixed(2)} ms`, goal: '2 ms, 10 ms' });
  }
  await Promise.all([reader.close(), writer.close()]);
  return [{ title: 'From the call of an invalidation until another process serves the old value no more', rows }];
}
