// What does it cost to invalidate a tag, and does the number of its entries matter?
import { Redis } from 'ioredis';
import { median, times } from './harness.mjs';

const ROUNDS = times(31);
const BATCH = 1_000;

export async function tagInvalidation({ CacheInstance, url, prefix }) {
  const instance = new CacheInstance({ redis: { url, keyPrefix: prefix, commandTimeout: 30_000 } });
  await instance.connect();
  const redis = new Redis(url);
  const rows = [];
  for (const entries of [10, times(100_000, 1_000)]) {
    const tag = `members-${entries}`;
    for (let from = 0; from < entries; from += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, entries - from) }, (_, i) => from + i);
      await Promise.all(batch.map((i) => instance.manager.set(`${tag}:${i}`, i, { ttl: 3600, tags: [tag] })));
    }
    const micros = [];
    const before = await commandsOf(redis);
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await instance.manager.invalidateByTag(tag);
      micros.push((performance.now() - start) * 1000);
    }
    const commands = ((await commandsOf(redis)) - before) / ROUNDS;
    rows.push({
      entries,
      commands: commands.toFixed(1),
      'median time': `${median(micros).toFixed(0)} µs`,
      goal: '≤ 2',
    });
  }
  await instance.close();
  await redis.quit();
  return [{ title: 'Invalidating a tag', rows }];
}

/** Commands that clients sent; those inside a script are part of it. */
async function commandsOf(redis) {
  const stats = await redis.info('commandstats');
  return [...stats.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}
