// How long after a writer's call began does another process still serve what it deleted?
import { randomUUID } from 'node:crypto';
import { percentile, times } from './harness.mjs';
import { contestants, versionOf } from './peers/adapters.mjs';
import { CacheProcess } from './peers/cache-process.mjs';

const ROUNDS = times(100, 5);
// Without a message between processes another one serves its copy until the TTL ends.
const WITHOUT_A_BUS = ['cache-manager', 'cacheable', 'async-cache-dedupe'];

export async function peerCoherence({ url }) {
  const rows = [];
  for (const name of contestants(WITHOUT_A_BUS)) {
    const prefix = `bench-${randomUUID()}:`;
    const start = () => CacheProcess.start(name, { url, prefix, commandTimeout: 5_000 });
    const [writer, reader] = await Promise.all([start(), start()]);
    const delays = [];
    for (let round = 0; round < ROUNDS; round++) {
      const key = `k:${round}`;
      for (let i = 0; i < 3; i++) await Promise.all([reader, writer].map((one) => one.call('read', { key })));
      const old = await reader.call('read', { key });
      const gone = reader.call('readUntilNot', { key, old, value: `value ${round}` });
      const began = await writer.call('change', { key, value: `value ${round}` });
      const end = await gone;
      delays.push(end === undefined ? Infinity : Math.max(0, end - began));
    }
    await Promise.all([writer.stop(), reader.stop()]);
    const [median, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)].map((ms) => `${ms.toFixed(2)} ms`);
    const goal = name === 'mobius' ? '2 ms, 10 ms' : '';
    rows.push({ what: name === 'mobius' ? 'Mobius cache' : versionOf(name), median, p99, goal });
  }
  return [{ title: 'From the call of a delete until a read in another process returns a new value', rows }];
}
