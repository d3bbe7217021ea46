import type { FoundVector, VectorSets } from '../core/journal.js';
import { entryId } from '../core/key.js';
import { isForbidden } from './refusals.js';
import type { RedisConnection } from './redis-connection.js';
import { Script } from './redis-scripts.js';

const LIFE_MS = 30 * 24 * 3600 * 1000;

/**
 * add: puts a vector into a set, makes room at the bound, and extends its life. KEYS[1] set; ARGV: vector as 32-bit floats, name,
 * attributes, most vectors, life in ms. Reply 1. Atomic because several processes add at the same time.
 */
const ADD = new Script(`
redis.call('VADD', KEYS[1], 'FP32', ARGV[1], ARGV[2], 'NOQUANT', 'SETATTR', ARGV[3])
while redis.call('VCARD', KEYS[1]) > tonumber(ARGV[4]) do
  local some = redis.call('VRANDMEMBER', KEYS[1], 2)
  local other = some[1] ~= ARGV[2] and some[1] or some[2]
  if not other then break end
  redis.call('VREM', KEYS[1], other)
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`);

/** Vector sets of Redis 8. Whether a server has them is found out by asking for one: version numbers tell nothing of forks. */
export class RedisVectorSets implements VectorSets {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  #available: Promise<boolean> | undefined;

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
    // After a failover another server may answer.
    connection.events.on('ready', () => (this.#available = undefined));
  }

  available(): Promise<boolean> {
    this.#available ??= this.#ask().catch((error: unknown) => {
      this.#available = undefined;
      throw error;
    });
    return this.#available;
  }

  async add(
    key: string,
    { name, values, attributes }: { name: string; values: Float32Array; attributes: string },
    most: number,
  ): Promise<void> {
    const { client } = this.#connection;
    const args = [bytesOf(values), name, attributes, most, LIFE_MS];
    await this.#connection.run(() => ADD.run(client, [this.#keyOf(key)], args));
  }

  async nearest(
    key: string,
    { values, exact, count }: { values: Float32Array; exact: string; count: number },
  ): Promise<readonly FoundVector[]> {
    const filter = `.exact == ${JSON.stringify(exact)}`;
    const query = ['FP32', bytesOf(values), 'WITHSCORES', 'COUNT', count, 'FILTER', filter] as const;
    const reply = await this.#call('VSIM', this.#keyOf(key), ...query);
    const found = pairsOf(reply);
    const attributes = await Promise.all(found.map(([name]) => this.#call('VGETATTR', this.#keyOf(key), name)));
    return found.map(([name, score], i) => {
      // The server's score is (1 + cosine) / 2.
      return { name, cosine: 2 * score - 1, attributes: textOf(attributes[i]) };
    });
  }

  async #ask(): Promise<boolean> {
    const { client } = this.#connection;
    const asked = this.#connection.run(async () => {
      // Refused, it is an answer, and no refusal to report.
      const reply: unknown = await client.callBuffer('VCARD', this.#keyOf('model:semantic')).catch(unlessForbidden);
      return reply !== undefined;
    });
    return asked;
  }

  #call(command: string, ...args: readonly (string | number | Buffer)[]): Promise<unknown> {
    const { client } = this.#connection;
    return this.#connection.run(() => client.callBuffer(command, ...args));
  }

  #keyOf(key: string): string {
    return this.#prefix + entryId(key);
  }
}

/** Nothing when the server does not know the command, or does not let us use it. */
function unlessForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

const textOf = (reply: unknown): string =>
  Buffer.isBuffer(reply) || typeof reply === 'string' || typeof reply === 'number' ? String(reply) : '';

/** Names and scores: one list of both, or by RESP3 a map, or what ioredis makes of it. */
function pairsOf(reply: unknown): [name: string, score: number][] {
  if (reply instanceof Map) return [...reply].map(([name, score]) => [textOf(name), Number(textOf(score))]);
  if (!Array.isArray(reply)) {
    return typeof reply === 'object' && reply !== null
      ? Object.entries(reply).map(([name, score]) => [name, Number(textOf(score))])
      : [];
  }
  const flat: unknown[] = reply.flat();
  return Array.from({ length: flat.length / 2 }, (_, i) => [textOf(flat[2 * i]), Number(textOf(flat[2 * i + 1]))]);
}
