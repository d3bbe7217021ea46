// What does a decision of a rate limit cost beside a bare INCR, and a denied one?
import { Redis } from 'ioredis';
import { compare } from './harness.mjs';

const KEYS = 1_000;
const perMinute = { name: 'minute', limit: 1_000, window: '1m' };
const three = [perMinute, { name: 'hour', limit: 50_000, window: '1h' }, { name: 'second', limit: 200, window: 1, algorithm: 'token-bucket' }];
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
  const tables = [await compare('Decision of a rate limit', subjects, settings)];
  await instance.close();
  await redis.quit();
  return tables;
}
