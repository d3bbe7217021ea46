// Works with Redis, without it from the start, and when it goes away; the spec kills Redis when it reads "ready".
import { cacheManager, closeCache, getRedisClient } from '@mobius1/cache/standalone';
import { once } from 'node:events';
import { initialize } from '../connect.js';
import { logger, say } from '../say.js';

let queries = 0;

const database = {
  async query(key: string) {
    queries++;
    return `row of ${key}`;
  },
};

async function getData(key: string) {
  try {
    const cached = await cacheManager.get(key);
    if (cached) return cached;
  } catch (error) {
    logger.error('Cache error, falling back to database', error);
  }

  return await database.query(key);
}

/** The same with getOrSet: no try is needed, a failing cache never fails the call. */
const getCached = async (key: string): Promise<string> => cacheManager.getOrSet(key, () => database.query(key));

async function report(what: string): Promise<void> {
  queries = 0;
  say(what, {
    data: await getData('k'),
    cached: await getCached('k'),
    stored: await cacheManager.set('s', 1),
    deleted: await cacheManager.delete('s'),
    queries,
    isHealthy: await getRedisClient().ping(),
    counter: await cacheManager.increment('n').catch((error: unknown) => String(error)),
    stats: (await cacheManager.getStats()).keys,
  });
}

async function main() {
  initialize();
  try {
    await getRedisClient().connect();
  } catch (error) {
    logger.error('Redis is down, the program goes on without it', error);
  }
  await report('first');
  if (process.argv.includes('--outage')) {
    say('ready');
    await once(process.stdin, 'data');
    process.stdin.destroy();
    await report('second');
  }
  await closeCache();
  say('closed');
}

void main();
