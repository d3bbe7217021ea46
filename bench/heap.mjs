// How much heap does a small entry take in the tier of a process?
import { randomUUID } from 'node:crypto';
import { median, times } from './harness.mjs';
import { contestants, versionOf } from './peers/adapters.mjs';
import { CacheProcess } from './peers/cache-process.mjs';

const ENTRIES = 8_000;
const ROUNDS = times(3);

export async function heap({ url }) {
  const bytes = async (name) => {
    const samples = [];
    for (let round = 0; round < ROUNDS; round++) {
      const prefix = `bench-${randomUUID()}:`;
      const cache = await CacheProcess.start(name, { url, prefix, commandTimeout: 5_000, inMemory: true });
      samples.push(await cache.call('heap', { count: ENTRIES }));
      await cache.stop();
    }
    return median(samples);
  };
  const base = await bytes('lru-cache');
  const row = (what, used, goal = '') => ({
    what,
    'bytes per entry': Math.round(used),
    '×': (used / base).toFixed(2),
    goal,
  });
  const rows = [row('lru-cache alone', base)];
  for (const name of contestants()) {
    const ours = name === 'mobius';
    rows.push(row(ours ? 'Mobius cache' : versionOf(name), await bytes(name), ours ? '≤ 1.3 ×' : ''));
  }
  return [{ title: 'Heap of a small entry in the process', rows }];
}
