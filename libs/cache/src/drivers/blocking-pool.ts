import type { RedisClient } from './redis-client.js';

type Duplicable = RedisClient & { duplicate?: (override?: object) => RedisClient };

/**
 * Connections for commands that block (BLPOP, XREAD BLOCK, subscriptions), which would hold up everything else on the
 * shared one. Made when first needed, at most `size`, lent to one user at a time.
 */
export class BlockingPool {
  readonly #client: Duplicable;
  readonly #size: number;
  readonly #idle: RedisClient[] = [];
  readonly #made: RedisClient[] = [];
  readonly #waiting: ((client: RedisClient) => void)[] = [];

  constructor(client: RedisClient, size: number) {
    this.#client = client;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Runs `use` with a connection of its own; waits while all are lent. */
  async lend<T>(use: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#idle.pop() ?? this.#make() ?? (await new Promise<RedisClient>((ok) => this.#waiting.push(ok)));
    try {
      return await use(client);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(client);
      else next(client);
    }
  }

  close(): void {
    for (const client of this.#made) client.disconnect();
  }

  #make(): RedisClient | undefined {
    if (this.#made.length >= this.#size || this.#client.duplicate === undefined) return undefined;
    // A command that blocks is silent for as long as it likes, and waits for its connection.
    const client = this.#client.duplicate({ socketTimeout: undefined, enableOfflineQueue: true, lazyConnect: false });
    client.on('error', () => undefined); // reported by the command that fails
    this.#made.push(client);
    return client;
  }
}
