// What do callers of new keys notice while Redis is frozen for five seconds, and after it was killed and came back empty?
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile, times } from './harness.mjs';
import { contestants, versionOf } from './peers/adapters.mjs';
import { CacheProcess } from './peers/cache-process.mjs';

const FROZEN_MS = times(5_000, 500);
const CALLERS = 20;
const LOAD_MS = 20;
const DOWN_MS = 1_000;
const WRITES_WITHIN_MS = times(10_000, 2_000);

const nameOf = (name) => (name === 'mobius' ? 'Mobius cache' : versionOf(name));

export async function outage({ RedisEnv }) {
  const frozen = [];
  const killed = [];
  for (const name of contestants()) {
    frozen.push({ what: nameOf(name), ...(await whileFrozen(name, RedisEnv)) });
    killed.push({ what: nameOf(name), ...(await whileKilled(name, RedisEnv)) });
  }
  const who = `${CALLERS} callers of new keys, load of ${LOAD_MS} ms, at defaults`;
  return [
    { title: `Redis frozen for ${FROZEN_MS / 1_000} s: ${who}`, rows: frozen },
    { title: `Redis killed and restarted empty after 1 s: ${who}`, rows: killed },
  ];
}

async function prepare(name, RedisEnv) {
  const redis = await RedisEnv.process();
  const prefix = `bench-${randomUUID()}:`;
  const cache = await CacheProcess.start(name, { url: redis.url, prefix });
  await cache.call('readNewKeys', { callers: CALLERS, loadMs: 1, ms: 300 });
  return { redis, cache };
}

async function whileFrozen(name, RedisEnv) {
  const { redis, cache } = await prepare(name, RedisEnv);
  redis.freeze();
  const reading = cache.call('readNewKeys', { callers: CALLERS, loadMs: LOAD_MS, ms: FROZEN_MS });
  const result = await Promise.race([reading.catch((error) => ({ failed: error.message })), sleep(FROZEN_MS + 100)]);
  redis.thaw(); // who still waits for Redis is answered now
  const { took = [], errors, failed } = result ?? (await reading.catch((error) => ({ failed: error.message })));
  await cache.stop();
  await redis.stop();
  if (failed !== undefined) return { calls: failed, p50: '', p99: '', longest: '', errors: '', goal: '' };
  return {
    calls: took.length,
    p50: `${percentile(took, 0.5).toFixed(1)} ms`,
    p99: `${percentile(took, 0.99).toFixed(1)} ms`,
    longest: `${Math.max(...took).toFixed(0)} ms`,
    errors,
    goal: name === 'mobius' ? 'p50 ≤ 25 ms, longest ≤ 200 ms' : '',
  };
}

async function whileKilled(name, RedisEnv) {
  const { redis, cache } = await prepare(name, RedisEnv);
  const reading = cache.call('readNewKeys', { callers: CALLERS, loadMs: LOAD_MS, ms: DOWN_MS + WRITES_WITHIN_MS });
  const ended = reading.catch((error) => ({ failed: error.message }));
  await redis.kill();
  await sleep(DOWN_MS);
  await redis.restart();
  const back = performance.now();
  let writes;
  while (performance.now() - back < WRITES_WITHIN_MS && !cache.ended) {
    if (Number(await redis.command('DBSIZE')) > 0) {
      writes = performance.now() - back;
      break;
    }
    await sleep(2);
  }
  const { errors, unhandled, failed } = await ended;
  await cache.stop();
  await redis.stop();
  return {
    errors: failed ?? errors,
    'unhandled rejections': failed === undefined ? unhandled : '',
    'writes again after': writes === undefined ? `not within ${WRITES_WITHIN_MS / 1_000} s` : `${writes.toFixed(0)} ms`,
    goal: name === 'mobius' ? '0 errors, 1,000 ms' : '',
  };
}
