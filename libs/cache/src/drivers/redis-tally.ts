import { escapeGlob } from '../core/glob.js';
import { type Posting, type Sheet, type Tally, TALLY_BOUNDS, type TallyBounds } from '../core/tally.js';
import { KeyWalk } from './key-walk.js';
import type { RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import { ADD, ENROL, LIST, READ, STRIKE } from './tally-scripts.js';

const DAY_LENGTH = '2026-01-31'.length;

/**
 * The tally on Redis, standalone or Cluster: a hash for each account and day, `<prefix>~savings:<day>:<account>`, and a set for each
 * day of those who have one, `<prefix>~savings:<day>`. Every command is about one key. Nothing waits for it, so it has more time than
 * the reads of the cache.
 */
export class RedisTally implements Tally {
  readonly #connection: RedisConnection;
  readonly #root: string;
  readonly #bounds: Required<TallyBounds>;
  readonly #walk: KeyWalk;

  constructor(connection: RedisConnection, prefix: string, bounds: TallyBounds = {}) {
    this.#connection = connection;
    this.#root = `${prefix}~savings:`; // no key of an entry begins with ~ behind the prefix
    this.#bounds = { ...TALLY_BOUNDS, ...bounds };
    this.#walk = new KeyWalk(connection);
  }

  async add({ day, account, writer, number, amounts, keepMs }: Posting): Promise<readonly string[]> {
    const { maxNames, maxAccounts } = this.#bounds;
    const ms = Math.ceil(keepMs);
    const fields = [...amounts].flat();
    // To be on the list twice is to be on it once: whatever of the two fails, both are repeated.
    const [left] = await Promise.all([
      this.#run((client) => ADD.run(client, [this.#sheetKey(day, account)], [writer, number, ms, maxNames, ...fields])),
      this.#run((client) => ENROL.run(client, [this.#root + day], [account, maxAccounts, ms])),
    ]);
    return left as string[];
  }

  async accounts(day: string): Promise<{ accounts: readonly string[]; all: boolean }> {
    const accounts = (await this.#run((client) => LIST.run(client, [this.#root + day], []))) as string[];
    return { accounts, all: accounts.length < this.#bounds.maxAccounts };
  }

  async read(day: string, account: string): Promise<Sheet> {
    const fields = (await this.#run((client) => READ.run(client, [this.#sheetKey(day, account)], []))) as string[];
    const sums = new Map<string, number>();
    const written = new Map<string, number>();
    for (let i = 0; i < fields.length; i += 2) {
      const [name = '', value = ''] = fields.slice(i, i + 2);
      const amount = Number.parseInt(value, 10);
      if (!(amount >= 0)) continue; // nobody here wrote that
      if (name.startsWith('~')) written.set(name.slice(1), amount);
      else sums.set(name, Math.min(amount, Number.MAX_SAFE_INTEGER));
    }
    return { sums, written };
  }

  /** Walks over all keys: sheets may be older than any retention that is known today. */
  async erase(account: string): Promise<void> {
    await this.#walk.visitAll(`${escapeGlob(this.#root)}*`, async (keys) => {
      await Promise.all(keys.map((key) => this.#eraseFrom(key, account)));
    });
  }

  async #eraseFrom(key: string, account: string): Promise<void> {
    const name = key.slice(this.#root.length);
    if (name.length === DAY_LENGTH) await this.#run((client) => STRIKE.run(client, [key], [account]));
    else if (name.slice(DAY_LENGTH + 1) === account) await this.#run((client) => client.del(key));
  }

  #sheetKey(day: string, account: string): string {
    return `${this.#root}${day}:${account}`;
  }

  #run<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#connection.runSlow(() => command(this.#connection.client));
  }
}
