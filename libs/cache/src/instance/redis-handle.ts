import type { Redis } from 'ioredis';
import { RedisNotConfiguredError } from '../core/errors.js';
import type { RedisConnection } from '../drivers/redis-connection.js';

/** What the server says of itself, by field. */
export type RedisInfo = Readonly<Record<string, string>>;

/** The connection to Redis as applications see it. */
export class RedisHandle {
  readonly #connection: RedisConnection | undefined;

  constructor(connection: RedisConnection | undefined) {
    this.#connection = connection;
  }

  /**
   * Connects; without Redis there is nothing to do.
   *
   * @throws StoreUnavailableError when the first attempt fails; it goes on trying behind
   */
  async connect(): Promise<void> {
    await this.#connection?.connect();
  }

  /** True when Redis answers; never throws. False without Redis. */
  async ping(): Promise<boolean> {
    return (await this.#connection?.ping()) ?? false;
  }

  /**
   * The ioredis client, for commands of your own; name the type `Cluster` if it is one. It does not queue commands while
   * there is no connection.
   *
   * @throws RedisNotConfiguredError when the cache lives in memory or is turned off
   */
  getClient<Client = Redis>(): Client {
    return this.#redis.client as Client;
  }

  /**
   * Lends a connection of its own for commands that block (BLPOP, XREAD BLOCK); at most `pool` at a time.
   *
   * @throws RedisNotConfiguredError without Redis or with `pool: 0`
   */
  async blocking<T, Client = Redis>(use: (client: Client) => Promise<T>): Promise<T> {
    const { blocking } = this.#redis;
    if (blocking.size === 0)
      throw new RedisNotConfiguredError('Connections for blocking commands need redis.pool to be 1 or more.');
    return blocking.lend((client) => use(client as Client));
  }

  /** `ready`, `connecting`, `connect`, `reconnecting`, `wait`, `close` or `end`, as ioredis says it; `none` without Redis. */
  get status(): string {
    return this.#connection?.status ?? 'none';
  }

  /** The server's INFO as fields; of one section if named. @throws StoreUnavailableError */
  async info(section = 'default'): Promise<RedisInfo> {
    const redis = this.#redis;
    const text = await redis.runSlow(() => redis.client.info(section));
    const fields = text.split(/\r?\n/).filter((line) => line.includes(':'));
    return Object.fromEntries(
      fields.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
    );
  }

  /**
   * Closes the connection and those beside it, politely within `ms` milliseconds, then at once; `connect()` opens them again. A client
   * of yours stays open. @default 1_000
   */
  async quit(ms?: number): Promise<void> {
    await this.#connection?.quit(ms);
  }

  get #redis(): RedisConnection {
    if (this.#connection === undefined) {
      throw new RedisNotConfiguredError(
        'There is no Redis: the cache lives in memory or is turned off. Give CacheModule.forRoot({ redis: { host, port } }) or set REDIS_HOST.',
      );
    }
    return this.#connection;
  }
}
