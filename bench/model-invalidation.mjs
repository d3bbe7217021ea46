// What does it cost to make the answers of a model or of a workspace void, and does their number matter?
import { Redis } from 'ioredis';
import { times } from './harness.mjs';

const BATCH = 1_000;
const ROUNDS = times(11);

export async function modelInvalidation({ CacheInstance, url, prefix }) {
  const redis = new Redis(url);
  const rows = [];
  for (const entries of [10, times(100_000, 1_000)]) {
    const cache = new CacheInstance({
      redis: { url, keyPrefix: `${prefix}${entries}:`, commandTimeout: 30_000 },
      model: { secret: 'a secret of the benchmarks', ttl: '1h' },
    });
    await cache.connect();
    for (let from = 0; from < entries; from += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, entries - from) }, (_, i) => from + i);
      await Promise.all(batch.map((i) => cache.models.set('m', `question ${i}`, 'answer', 'w1')));
    }
    for (const [what, invalidate] of [
      ['invalidateModel', () => cache.models.invalidateModel('m', 'w1')],
      ['invalidateWorkspace', () => cache.models.invalidateWorkspace('w1')],
    ]) {
      const before = await commandsOf(redis);
      for (let round = 0; round < ROUNDS; round++) await invalidate();
      const { sent, scans } = difference(await commandsOf(redis), before);
      rows.push({
        what,
        entries: entries.toLocaleString('en'),
        commands: (sent / ROUNDS).toFixed(1),
        SCAN: scans,
        goal: '≤ 2, no SCAN',
      });
    }
    await cache.close();
  }
  await redis.quit();
  return [{ title: 'Making answers of models void', rows }];
}

/** Commands that clients sent; those inside a script are part of it. */
async function commandsOf(redis) {
  const stats = await redis.info('commandstats');
  const calls = (command) => Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
  return { sent: calls('eval') + calls('evalsha'), scans: calls('scan') };
}

const difference = (after, before) => ({ sent: after.sent - before.sent, scans: after.scans - before.scans });
