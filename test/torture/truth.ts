import { Redis } from 'ioredis';

/** A read that saw what had been invalidated before it began. */
export interface StaleRead {
  readonly key: string;
  readonly value: number;
  readonly floor: number;
  /** Milliseconds from when the invalidation returned until the read began. */
  readonly ageMs: number;
  readonly what: string;
  /** How the invalidation was made. */
  readonly by: string;
}

/** Raises the floor of a key, and notes when: KEYS floor, times; ARGV version, now, how. Atomic, so that it never sinks. */
const RAISE = `
if tonumber(ARGV[1]) > tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], ARGV[1])
  redis.call('ZADD', KEYS[2], ARGV[1], ARGV[1] .. ':' .. ARGV[2] .. ':' .. ARGV[3])
end`;

/**
 * What is true, on a Redis that nobody tortures: the version of each key (the "database"), and its floor: the version
 * that was current when the last invalidation returned. Who begins to read after that must not see less.
 */
export class Truth {
  readonly #redis: Redis;
  /** Not `Date.now`, which the torture skews in each process. */
  readonly #now: () => number;

  constructor(url: string, now: () => number) {
    this.#redis = new Redis(url, { protocol: 2 });
    this.#now = now;
  }

  async version(key: string): Promise<number> {
    return Number((await this.#redis.get(`version:${key}`)) ?? 0);
  }

  /** Changes what is true; the new version. */
  commit(key: string): Promise<number> {
    return this.#redis.incr(`version:${key}`);
  }

  async floor(key: string): Promise<number> {
    return Number((await this.#redis.get(`floor:${key}`)) ?? 0);
  }

  async raise(key: string, version: number, by: string): Promise<void> {
    await this.#redis.eval(RAISE, 2, `floor:${key}`, `times:${key}`, version, this.#now(), by);
  }

  /** The first invalidation that `value` should not have outlived: when it returned, and how it was made. */
  async missed(key: string, value: number): Promise<{ returnedAt: number; by: string }> {
    const [first = ''] = await this.#redis.zrangebyscore(`times:${key}`, value + 1, '+inf', 'LIMIT', 0, 1);
    const [, at, by = ''] = first.split(':');
    return { returnedAt: Number(at), by };
  }

  /** Runs `run` unless somebody else writes this key: values that come from outside have no order of their own. */
  async alone(key: string, run: () => Promise<void>): Promise<void> {
    if ((await this.#redis.set(`writer:${key}`, 1, 'PX', 60_000, 'NX')) === null) return;
    await run().finally(() => this.#redis.del(`writer:${key}`));
  }

  async report(stale: StaleRead): Promise<void> {
    await this.#redis.rpush('stale', JSON.stringify(stale));
  }

  async reportError(error: string): Promise<void> {
    await this.#redis.rpush('errors', error);
  }

  async stale(): Promise<StaleRead[]> {
    return (await this.#redis.lrange('stale', 0, -1)).map((text) => JSON.parse(text) as StaleRead);
  }

  errors(): Promise<string[]> {
    return this.#redis.lrange('errors', 0, -1);
  }

  async tick(): Promise<void> {
    await this.#redis.ping();
  }

  close(): void {
    this.#redis.disconnect();
  }
}
