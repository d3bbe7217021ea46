import { entryId } from '../core/key.js';
import type { Journal, JournalRow } from '../core/journal.js';
import { Script } from './redis-scripts.js';
import type { RedisConnection } from './redis-connection.js';

/** Rows in one reply; a vector may have 32 KB. */
const PAGE = 64;
// What nobody adds to any more must go some day, as generations do.
const LIFE_MS = 30 * 24 * 3600 * 1000;

/**
 * append: adds a row to a stream, keeps its length, and extends its life. KEYS[1] stream; ARGV: most rows, row, life in ms. Reply: the
 * id. Atomic because a stream without an end of life would stay for ever.
 */
const APPEND = new Script(`
if redis.call('TYPE', KEYS[1]).ok ~= 'stream' then redis.call('DEL', KEYS[1]) end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[1], '*', 'r', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return id`);

/** Journals as streams of Redis. They are keys like any other: what removes keys by pattern removes them. */
export class RedisJournal implements Journal {
  readonly kept = true;
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  async append(key: string, row: Uint8Array, most: number): Promise<void> {
    const { client } = this.#connection;
    const args = [most, Buffer.from(row.buffer, row.byteOffset, row.byteLength), LIFE_MS];
    await this.#connection.run(() => APPEND.run(client, [this.#keyOf(key)], args));
  }

  async since(key: string, position: string): Promise<readonly JournalRow[]> {
    const { client } = this.#connection;
    const range = [this.#keyOf(key), `(${position}`, '+', 'COUNT', PAGE] as const;
    const reply = await this.#connection.runSlow(() => client.callBuffer('XRANGE', ...range));
    return (reply as [id: Buffer, fields: Buffer[]][]).map(([id, fields]) => {
      return { id: id.toString(), row: fields[1] ?? Buffer.alloc(0) };
    });
  }

  #keyOf(key: string): string {
    return this.#prefix + entryId(key);
  }
}
