// How many loads do many callers in several processes cause, on one cold key, and when is the last of them served?
import { randomUUID } from 'node:crypto';
import { median, times } from './harness.mjs';
import { contestants, versionOf } from './peers/adapters.mjs';
import { CacheProcess } from './peers/cache-process.mjs';

const PROCESSES = 4;
const CALLERS = 125;
const LOAD_MS = 50;
const ROUNDS = times(7);

export async function stampede({ url }) {
  const rows = [];
  for (const name of contestants()) {
    const prefix = `bench-${randomUUID()}:`;
    const start = () => CacheProcess.start(name, { url, prefix, commandTimeout: 5_000 });
    const processes = await Promise.all(Array.from({ length: PROCESSES }, start));
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
      const begin = Date.now();
      const args = { key: `cold:${round}`, callers: CALLERS, loadMs: LOAD_MS };
      const results = await Promise.all(processes.map((one) => one.call('stampede', args)));
      rounds.push({
        loads: results.reduce((sum, { loads }) => sum + loads, 0),
        ms: Math.max(...results.map(({ end }) => end)) - begin,
      });
    }
    await Promise.all(processes.map((one) => one.stop()));
    rows.push({
      what: name === 'mobius' ? 'Mobius cache' : versionOf(name),
      loads: median(rounds.map(({ loads }) => loads)),
      'last caller served after': `${median(rounds.map(({ ms }) => ms))} ms`,
      goal: name === 'mobius' ? `1 load, ${2 * LOAD_MS} ms` : '',
    });
  }
  const title = `${PROCESSES * CALLERS} callers in ${PROCESSES} processes on one cold key, load of ${LOAD_MS} ms`;
  return [{ title, rows }];
}
