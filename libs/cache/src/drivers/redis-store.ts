import type { Entry } from '../core/entry.js';
import { CounterConflictError } from '../core/errors.js';
import type { Sequence } from '../core/generation.js';
import { globLiteralPrefix, globMatcher } from '../core/glob.js';
import { encodeKey, entryId, parseEntryId } from '../core/key.js';
import { entryRecord, FAILURE_RECORD, leaseRecord, parseRecord } from '../core/record.js';
import {
  type Acquisition,
  type Drawn,
  FAILURE_MS,
  type Fenced,
  type Reading,
  type ReadQuery,
  type Selection,
  type Store,
} from '../core/store.js';
import { FIRST_FENCE, newToken, type Token } from '../core/token.js';
import { PollingWatch, type Watch } from '../core/watch.js';
import { KeySpace } from './key-space.js';
import { KeyWalk } from './key-walk.js';
import { ReadBatch } from './read-batch.js';
import { isCluster, type RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import { isForbidden } from './refusals.js';
import type { Removals } from './replicated-writes.js';
import { ACQUIRE, COUNT, DRAW, FILL, FORCE, INCREMENT, LIFT, RAISE, RELEASE, REMOVE, RENEW } from './redis-scripts.js';

// Tags that nobody uses any more must go some day. A generation that expires makes its entries a miss (G3), so the one that
// is under all entries does not.
const GENERATION_MS = 30 * 24 * 3600 * 1000;

type DrawMode = 'missing' | 'all' | 'fence' | 'lift';

export interface RedisStoreOptions {
  /** How invalidations are written, if not like everything else. */
  readonly removals?: Removals | undefined;
  /** Whether some process raises fences: then a key is looked at before it is written or removed. @default false */
  readonly fences?: boolean;
}

/** The store on Redis, standalone or Cluster. One key holds value and lease; the generations are keys of their own (`KeySpace`). */
export class RedisStore implements Store {
  readonly kind = 'redis';
  readonly audible = false;
  readonly keys: KeySpace;
  readonly #connection: RedisConnection;
  readonly #batch: ReadBatch;
  readonly #walk: KeyWalk;
  readonly #removals: Removals;
  readonly #fences: boolean;
  readonly #parse = (row: Buffer | null) => parseRecord(row, this.now());

  constructor(connection: RedisConnection, prefix: string, { removals, fences = false }: RedisStoreOptions = {}) {
    this.#connection = connection;
    this.#fences = fences;
    this.#removals = removals ?? { run: (removal) => this.#run(removal) };
    this.keys = new KeySpace(prefix);
    this.#batch = new ReadBatch((keys) => this.#fetch(keys));
    this.#walk = new KeyWalk(connection);
  }

  /** Redis alone tells nothing of what others do. */
  listen(): void {
    // See `TieredStore`.
  }

  watch(): Watch {
    return new PollingWatch(this.#connection.clock);
  }

  now(): number {
    return this.#connection.serverNow();
  }

  peek(): undefined {
    return undefined;
  }

  read({ id, names, sequence }: ReadQuery): Promise<Reading> {
    const keys = [this.keys.entry(id)];
    for (const name of names) keys.push(this.keys.generation(name));
    if (sequence) keys.push(this.keys.sequence);
    const { at, replies } = this.#batch.ask(keys);
    return replies.then((rows) => ({
      found: rows.found(at[0] ?? 0, this.#parse),
      generations: names.map((_, i) => rows.text(at[i + 1] ?? 0)),
      sequence: sequence ? readSequence(rows.text(at[names.length + 1] ?? 0)) : undefined,
    }));
  }

  acquire(id: string, { token, leaseMs, seen, keep }: Acquisition): Promise<boolean> {
    const key = this.keys.entry(id);
    const record = leaseRecord(token, this.now() + leaseMs);
    const byScript = (): Promise<boolean> => {
      const args = [seen ?? '', token, leaseMs, record, keep ? '1' : '0'];
      return this.#run((client) => ACQUIRE.run(client, [key], args)).then(isOne);
    };
    // The usual miss needs no script. Refused, it may be a key of another type, which only the script can replace.
    const usual = (): Promise<boolean> =>
      this.#run((client) => client.set(key, record, 'PX', leaseMs, 'NX')).then((ok) => ok !== null || byScript());
    return this.#orGiveUp(key, token, seen === undefined ? usual() : byScript());
  }

  async force(id: string, token: Token, leaseMs: number): Promise<boolean> {
    const key = this.keys.entry(id);
    const record = leaseRecord(token, this.now() + leaseMs);
    if (this.#fences) return isOne(await this.#run((client) => FORCE.run(client, [key], [record, leaseMs])));
    await this.#run((client) => client.set(key, record, 'PX', leaseMs));
    return true;
  }

  async fence({ ids, names }: Fenced, ms: number): Promise<void> {
    const record = leaseRecord(FIRST_FENCE, this.now() + ms);
    const raise = (id: string) =>
      this.#run((client) => RAISE.run(client, [this.keys.entry(id)], [record, Math.ceil(ms)]));
    await Promise.all([this.#draw(names, 'fence', Math.ceil(ms)), ...ids.map(raise)]);
  }

  async lift({ ids, names }: Fenced): Promise<void> {
    const lift = (id: string) => this.#run((client) => LIFT.run(client, [this.keys.entry(id)], []));
    await Promise.all([this.#draw(names, 'lift'), ...ids.map(lift)]);
  }

  async renew(id: string, token: Token, leaseMs: number): Promise<boolean> {
    return isOne(await this.#run((client) => RENEW.run(client, [this.keys.entry(id)], [token, leaseMs])));
  }

  async release(id: string, token: Token): Promise<boolean> {
    return isOne(await this.#run((client) => giveBack(client, this.keys.entry(id), [token, '', 0])));
  }

  async fail(id: string, token: Token): Promise<boolean> {
    const args = [token, FAILURE_RECORD, FAILURE_MS];
    return isOne(await this.#run((client) => giveBack(client, this.keys.entry(id), args)));
  }

  fill(id: string, token: Token, entry: Entry): Promise<boolean> {
    const key = this.keys.entry(id);
    const ttl = Math.max(1, Math.ceil(entry.goneUntil - this.now()));
    const args = [token, entryRecord(entry), ttl];
    return this.#orGiveUp(key, token, this.#run((client) => FILL.run(client, [key], args)).then(isOne));
  }

  async delete(ids: readonly string[]): Promise<number> {
    return this.#remove(ids.map((id) => this.keys.entry(id)));
  }

  async draw(names: readonly string[], which: 'missing' | 'all'): Promise<Drawn> {
    const reply = await this.#draw(names, which);
    const [epoch = '', number = '0', before = '0', ...generations] = reply;
    const at = (text: string): Sequence => ({ epoch, number: Number(text) });
    return { generations, sequence: at(number), previous: at(before) };
  }

  async sweep({ namespace, pattern, everything }: Selection): Promise<number> {
    const matches = globMatcher(pattern);
    const within = namespace === undefined ? '' : entryId('x', namespace).slice(0, -1);
    const literal = globLiteralPrefix(pattern);
    const start = everything ? '' : within + (literal === '' ? '' : encodeKey(literal));
    let removed = 0;
    await this.#walk.visitAll(this.keys.startingWith(start), async (keys) => {
      const chosen = keys.filter((key) => {
        if (!this.keys.isEntry(key)) return false;
        if (everything) return true;
        const parsed = parseEntryId(this.keys.idOf(key));
        return parsed.namespace === namespace && matches(parsed.key);
      });
      removed += await this.#remove(chosen);
    });
    return removed;
  }

  forget(): void {
    // Nothing is held beside the store itself.
  }

  async increment(id: string, by: number, ttlMs: number | undefined): Promise<number> {
    const key = this.keys.entry(id);
    const args = [by, ttlMs === undefined ? '' : Math.ceil(ttlMs)];
    const sum = await this.#run((client) =>
      INCREMENT.run(client, [key], args).catch((error: unknown) => {
        if (error instanceof Error && error.message.includes('NOTACOUNTER')) return undefined;
        throw error;
      }),
    );
    const count = Number(sum);
    if (sum === undefined || !Number.isSafeInteger(count)) throw new CounterConflictError(id);
    return count;
  }

  async usage(): Promise<{ keys: number; memory: number }> {
    let keys = 0;
    for await (const found of this.#walk.pages(this.keys.startingWith(''))) {
      const page = found.filter((key) => this.keys.isEntry(key));
      if (page.length === 0) continue;
      const counts = this.#cluster
        ? page.map((key) => this.#slow((client) => COUNT.run(client, [key], [])))
        : [this.#slow((client) => COUNT.run(client, page, []))];
      for (const count of await Promise.all(counts)) keys += Number(count);
    }
    const { memory } = await this.#connection.memory();
    return { keys, memory };
  }

  get #cluster(): boolean {
    return isCluster(this.#connection.client);
  }

  #run<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#connection.run(() => command(this.#connection.client));
  }

  async #draw(names: readonly string[], which: DrawMode, ms = GENERATION_MS): Promise<string[]> {
    if (names.length === 0 && which !== 'missing' && which !== 'all') return [];
    const keys = [this.keys.sequence, ...names.map((name) => this.keys.generation(name))];
    const command = (client: RedisClient): Promise<unknown> =>
      // New ids for every send: one that is applied late must not bring an old generation back (rule 5).
      DRAW.run(client, keys, [which, newToken(), ms, this.keys.root, ...names.map(() => newToken())]);
    // To draw for all names is to invalidate.
    return (await (which === 'all' ? this.#removals.run(command) : this.#run(command))) as string[];
  }

  #slow<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.#connection.runSlow(() => command(this.#connection.client));
  }

  /**
   * A command without an answer may be carried out later, and would leave a lease that nobody holds: everybody would wait
   * for it to end. The same connection carries out in order, so a release that follows at once takes it back. It asks
   * neither breaker nor deadline: nobody waits for it.
   */
  #orGiveUp(key: string, token: Token, granted: Promise<boolean>): Promise<boolean> {
    granted.catch(() => {
      const { client, ready } = this.#connection;
      if (ready) giveBack(client, key, [token, '', 0]).catch(() => undefined);
    });
    return granted;
  }

  #fetch(keys: readonly string[]): Promise<readonly (Buffer | null)[]> {
    if (!this.#cluster) return this.#run((client) => client.mgetBuffer(...keys));
    // Entries lie in slots of their own; the generations share one.
    const names = keys.filter((key) => this.keys.isGeneration(key));
    return this.#run(async (client) => {
      const generations = names.length > 0 ? client.mgetBuffer(...names) : Promise.resolve([]);
      const rows = keys.map(async (key) =>
        this.keys.isGeneration(key) ? ((await generations)[names.indexOf(key)] ?? null) : getEntry(client, key),
      );
      return Promise.all(rows);
    });
  }

  async #remove(keys: readonly string[]): Promise<number> {
    if (keys.length === 0) return 0;
    const groups = this.#cluster ? keys.map((key) => [key]) : [keys];
    const del = (client: RedisClient, group: readonly string[]): Promise<number> =>
      this.#fences ? REMOVE.run(client, group, []).then(Number) : client.del(...group);
    const counts = await this.#removals.run((client) => Promise.all(groups.map((group) => del(client, group))));
    return counts.reduce((sum, count) => sum + count, 0);
  }
}

const isOne = (reply: unknown): boolean => reply === 1;

/** Gives a lease back. Who may set a lease but run no script deletes the key: that may do too much, and a lease would be in everybody's way. */
function giveBack(client: RedisClient, key: string, args: readonly (string | number)[]): Promise<unknown> {
  return RELEASE.run(client, [key], args).catch(async (error: unknown) => {
    if (isForbidden(error)) await client.del(key);
    throw error;
  });
}

// A key of another type is an error in GET, but nil inside MGET: both are "nothing of ours".
async function getEntry(client: RedisClient, key: string): Promise<Buffer | null> {
  try {
    return await client.getBuffer(key);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return null;
    throw error;
  }
}

function readSequence(text: string | undefined): Sequence | undefined {
  const [epoch, number] = text?.split(':') ?? [];
  return epoch !== undefined && number !== undefined ? { epoch, number: Number(number) } : undefined;
}
