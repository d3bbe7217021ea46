// Rate limiters beside each other: what a decision costs, what gets through around the edge of a window, and what callers notice while Redis
// is frozen. `npm ci --prefix bench/peers` first.
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { compare } from './harness.mjs';
import { LIMITERS, limiters } from './peers/limiters.mjs';

const KEYS = 1_000;
const LIMIT = 100;
const WINDOW_MS = 1_000;
const FROZEN_MS = 3_000;
const CALLERS = 20;

export async function peerLimits({ url, RedisEnv }) {
  return [await costs(url), await edges(url), await whileFrozen(RedisEnv)];
}

async function costs(url) {
  const redis = new Redis(url);
  const opened = await openAll({ url, limit: 1_000, windowMs: 60_000, timeout: 5_000 });
  const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);
  const subjects = [
    { name: 'INCR', call: (i) => redis.incr(`incr:${keys[i % KEYS]}`) },
    ...opened.map(({ name, hit }, i) => ({
      name,
      call: (n) => hit(keys[n % KEYS]),
      ...(i === 0 ? { goal: 1.5 } : {}),
    })),
  ];
  const settings = { operations: 10_000, concurrency: 64 };
  const table = await compare('Decision of a rate limit beside other limiters', subjects, settings);
  await Promise.all(opened.map(({ close }) => close()));
  await redis.quit();
  return table;
}

/** One unit early, as many as pass just before the window ends, and again just after. */
async function edges(url) {
  const rows = [];
  for (const open of limiters().map((name) => LIMITERS[name])) {
    const { name, hit, close } = await open({ url, limit: LIMIT, windowMs: WINDOW_MS, timeout: 5_000 });
    await hit('warm');
    const admitted = [];
    const burst = async () => {
      const passed = await Promise.all(Array.from({ length: 2 * LIMIT }, () => hit('edge')));
      const at = performance.now();
      admitted.push(...passed.filter(Boolean).map(() => at));
    };
    if (await hit('edge')) admitted.push(performance.now());
    await sleep(WINDOW_MS * 0.85);
    for (let i = 0; i < 20; i++) {
      if (i !== 0) await sleep(WINDOW_MS * 0.02);
      await burst();
    }
    const most = Math.max(
      ...admitted.map((from) => admitted.filter((at) => at >= from && at < from + WINDOW_MS).length),
    );
    rows.push({ what: name, 'admitted in one window': most, limit: LIMIT });
    await close();
  }
  return { title: 'Around the edge of a window of 1 s, limit 100', rows };
}

async function whileFrozen(RedisEnv) {
  const rows = [];
  for (const open of limiters().map((name) => LIMITERS[name])) {
    const redis = await RedisEnv.process();
    const { name, hit, close } = await open({ url: redis.url, limit: 1_000_000, windowMs: 60_000 });
    await hit('warm');
    redis.freeze();
    const until = performance.now() + FROZEN_MS;
    const took = [];
    let errors = 0;
    const caller = async () => {
      while (performance.now() < until) {
        const start = performance.now();
        await hit('frozen').catch(() => errors++);
        took.push(performance.now() - start);
        await sleep(1);
      }
    };
    const all = Promise.all(Array.from({ length: CALLERS }, caller));
    await sleep(FROZEN_MS);
    redis.thaw(); // who still waits for Redis is answered now
    await all;
    took.sort((a, b) => a - b);
    const at = (share) => `${(took[Math.floor((took.length - 1) * share)] ?? 0).toFixed(1)} ms`;
    rows.push({ what: name, decisions: took.length, p50: at(0.5), p99: at(0.99), longest: at(1), errors });
    close();
    await redis.stop();
  }
  return { title: `Redis frozen for 3 s: ${CALLERS} callers of a rate limit, at defaults`, rows };
}

const openAll = (options) => Promise.all(limiters().map((name) => LIMITERS[name](options)));
