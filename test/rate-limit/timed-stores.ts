import { Redis } from 'ioredis';
import { systemClock } from '@mobius1/kernel';
import type { LimitStore } from '../../libs/cache/src/core/limits/limit-store.js';
import { MemoryLimitStore } from '../../libs/cache/src/drivers/limits/memory-limit-store.js';
import { RedisLimitStore } from '../../libs/cache/src/drivers/limits/redis-limit-store.js';
import { RedisConnection } from '../../libs/cache/src/drivers/redis-connection.js';
import { redisOptions } from '../support/cache.js';

/** A store whose time is what the test says, in milliseconds; it may also be set back. */
export interface TimedStore {
  readonly store: LimitStore;
  setTime(ms: number): Promise<void>;
  /** Empties it. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export function timedMemory(): TimedStore {
  let time = 0;
  const clock = { ...systemClock, now: () => time, monotonic: () => time };
  const inner = { store: new MemoryLimitStore({ clock, maxKeys: 1_000 }) };
  return {
    get store() {
      return inner.store;
    },
    setTime: (ms) => Promise.resolve(void (time = ms)),
    clear: () => Promise.resolve(void (inner.store = new MemoryLimitStore({ clock, maxKeys: 1_000 }))),
    close: () => Promise.resolve(),
  };
}

/**
 * A real Redis that runs the scripts as they are, but for one line: the time is read from a key instead of the server's clock. Nothing of
 * this expires by itself as long as windows are longer than the test.
 */
export async function timedRedis(): Promise<TimedStore & { readonly raw: Redis; readonly prefix: string }> {
  const { url = '', keyPrefix: prefix = '' } = redisOptions();
  const raw = new Redis(url, { lazyConnect: true });
  await raw.connect();
  const timeKey = `${prefix}time`;
  const timed = (lua: string): string => {
    const changed = lua.replaceAll(/call\('TIME'\)/g, `call('LRANGE', '${timeKey}', 0, 1)`);
    if (changed === lua) throw new Error('a script that does not read the time is not timed');
    return changed;
  };
  const replaced: Record<string, unknown> = {
    evalsha: () => Promise.reject(new Error('NOSCRIPT as far as this client is concerned')),
    eval: (lua: string, keys: number, ...rest: string[]) =>
      raw.eval(/'TIME'/.test(lua) ? timed(lua) : lua, keys, ...rest),
  };
  const client = new Proxy(raw, {
    get: (target, name) => {
      const own = replaced[String(name)] ?? (Reflect.get(target, name, target) as unknown);
      return typeof own === 'function' ? (own.bind(target) as unknown) : own;
    },
  });
  const connection = new RedisConnection({ client, commandTimeout: 10_000 });
  // The clock of the client is another one, by years: the scripts say that the calls come too late, and are asked again.
  const store = new RedisLimitStore(connection, { prefix, timeout: 10_000 });
  const setTime = async (ms: number): Promise<void> => {
    const micros = Math.round(ms * 1_000);
    await raw
      .multi()
      .del(timeKey)
      .rpush(timeKey, Math.floor(micros / 1_000_000), micros % 1_000_000)
      .exec();
  };
  const clear = async (): Promise<void> => {
    const keys = (await raw.keys(`${prefix}*`)).filter((key) => key !== timeKey);
    if (keys.length > 0) await raw.del(...keys);
  };
  const close = async (): Promise<void> => {
    await clear();
    await raw.quit();
  };
  return { store, raw, prefix, setTime, clear, close };
}
