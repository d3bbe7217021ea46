import { setTimeout as wait } from 'node:timers/promises';
import { describeLimitStore } from '@mobius1/cache/testing';
import { RedisLimitStore } from '../../libs/cache/src/drivers/limits/redis-limit-store.js';
import { RedisConnection } from '../../libs/cache/src/drivers/redis-connection.js';
import { redisOptions } from '../support/cache.js';

async function open() {
  const { keyPrefix: prefix = '', ...options } = redisOptions();
  const connection = new RedisConnection(options);
  await connection.connect();
  const store = new RedisLimitStore(connection, { prefix, timeout: 10_000 });
  return { store, connection, prefix, close: () => connection.quit() };
}

describeLimitStore('redis', async () => {
  const { store, connection, close } = await open();
  // What passes is the server's time, which nobody can turn: wait until the server says so.
  const advance = async (ms: number): Promise<void> => {
    const until = connection.serverNow() + ms + 2;
    while (connection.serverNow() < until) await wait(until - connection.serverNow());
  };
  return { store, advance, close };
});
