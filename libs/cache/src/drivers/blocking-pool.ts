import { isCluster, type RedisClient } from './redis-client.js';

type Duplicable = RedisClient & {
  readonly options?: { readonly redisOptions?: object };
  duplicate?(...override: unknown[]): RedisClient;
};

interface Waiting {
  readonly resolve: (client: RedisClient) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Connections for commands that block (BLPOP, XREAD BLOCK, subscriptions), which would hold up everything else on the
 * shared one. Made when first needed, at most `size`, lent to one user at a time.
 */
export class BlockingPool {
  readonly #client: Duplicable;
  readonly #size: number;
  readonly #unavailable: (reason: Error) => Error;
  #idle: RedisClient[] = [];
  #made = new Set<RedisClient>();
  #waiting: Waiting[] = [];
  #closed = false;

  /** `unavailable`: the error of whoever asks a pool that is closed, or waits while it is being closed. */
  constructor(client: RedisClient, size: number, unavailable: (reason: Error) => Error) {
    this.#client = client;
    this.#size = size;
    this.#unavailable = unavailable;
  }

  get size(): number {
    return this.#size;
  }

  /** Runs `use` with a connection of its own; waits while all are lent. */
  async lend<T>(use: (client: RedisClient) => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#closing();
    const client = this.#idle.pop() ?? this.#make() ?? (await this.#next());
    try {
      return await use(client);
    } finally {
      if (this.#made.has(client)) this.#takeBack(client);
    }
  }

  /** Lends again after it was closed. */
  open(): void {
    this.#closed = false;
  }

  /** Closes every connection, those that are lent, too. */
  close(): void {
    this.#closed = true;
    for (const client of this.#made) client.disconnect();
    for (const { reject } of this.#waiting) reject(this.#closing());
    this.#made = new Set();
    this.#idle = [];
    this.#waiting = [];
  }

  #closing(): Error {
    return this.#unavailable(new Error('the connection was closed'));
  }

  #next(): Promise<RedisClient> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #takeBack(client: RedisClient): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(client);
    else next.resolve(client);
  }

  #make(): RedisClient | undefined {
    if (this.#made.size >= this.#size || this.#client.duplicate === undefined) return undefined;
    // A command that blocks is silent for as long as it likes, and waits for its connection.
    const common = { enableOfflineQueue: true, lazyConnect: false };
    const silent = { socketTimeout: undefined };
    // Of a Cluster the first argument are nodes; and ioredis 5 does not merge the options for its connections.
    const client = isCluster(this.#client)
      ? this.#client.duplicate([], { ...common, redisOptions: { ...this.#client.options?.redisOptions, ...silent } })
      : this.#client.duplicate({ ...common, ...silent });
    client.on('error', () => undefined); // reported by the command that fails
    this.#made.add(client);
    return client;
  }
}
