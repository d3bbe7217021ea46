// What does a decision of a rate limit cost beside a bare INCR, and a denied one?
import { Redis } from 'ioredis';
import { compare } from './harness.mjs';

const KEYS = 1_000;
const perMinute = { name: 'minute', limit: 1_000, window: '1m' };
const three = [
  perMinute,
  { name: 'hour', limit: 50_000, window: '1h' },
  { name: 'second', limit: 200, window: 1, algorithm: 'token-bucket' },
];
const DENIED = 10_000;
const PATIENT = { commandTimeout: 5_000 };

export async function rateLimit({ CacheInstance, url, prefix }) {
  const redis = new Redis(url);
  const instance = new CacheInstance({
    redis: { url, keyPrefix: prefix, ...PATIENT },
    rateLimit: { timeout: 5_000 },
    l1: false,
  });
  await instance.connect();
  const { limits } = instance;
  const keys = Array.from({ length: KEYS }, (_, i) => `user:${i}`);
  const settings = { operations: 10_000, concurrency: 64 };
  const subjects = [
    { name: 'INCR', call: (i) => redis.incr(`${prefix}incr:${keys[i % KEYS]}`) },
    { name: 'check, one policy', goal: 1.5, call: (i) => limits.check(keys[i % KEYS], perMinute) },
    { name: 'check, three policies', goal: 2, call: (i) => limits.check(`three:${keys[i % KEYS]}`, three) },
  ];
  const tables = [await compare('Decision of a rate limit', subjects, settings), await denied(limits, redis)];
  await instance.close();
  await redis.quit();
  return tables;
}

/** What Redis is sent for a key that is denied, and asked for again and again. */
async function denied(limits, redis) {
  const sent = async () => Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(await redis.info('commandstats'))?.[1] ?? 0);
  const rows = [];
  for (const [what, policies] of Object.entries({
    'one policy': { limit: 10, window: '1h' },
    'three policies': three,
  })) {
    while ((await limits.check('denied', policies)).allowed);
    const before = await sent();
    const start = performance.now();
    for (let i = 0; i < DENIED; i++) await limits.check('denied', policies);
    const us = ((performance.now() - start) * 1_000) / DENIED;
    const commands = (await sent()) - before;
    const goal = what === 'one policy' ? '0 commands' : '';
    rows.push({ what, decisions: DENIED.toLocaleString('en'), commands, each: `${us.toFixed(2)} µs`, goal });
  }
  return { title: 'A key that is denied, asked for again and again', rows };
}
