import { type Draft, encodeValue, makeEntry } from './draft.js';
import { Lease } from './lease.js';
import { type EngineParts, unlessUnavailable } from './loader.js';
import type { Sequence, Stamp } from './generation.js';
import type { Invalidator } from './invalidator.js';
import type { CacheRequest } from './request.js';
import { countFill, tellUncacheable } from './telling.js';
import { isFence, newToken, type Token } from './token.js';

interface Ticket {
  readonly token: Token;
  readonly stamps: readonly Stamp[];
  /** Where the sequence stood, for tags that only the value knows. */
  readonly sequence: Sequence | undefined;
}

/** A value on its way in, and what it has cost to make. */
type Made = Pick<Draft, 'value' | 'payload' | 'costMs'>;

export interface WriterParts extends EngineParts {
  readonly invalidator: Invalidator;
}

/**
 * Writes of values from outside (protocol rule 3). First a ticket: the writer's token takes the key's lease by force and
 * drops the value. Then a fill with that token. A write that times out between the two, or is applied late, can only
 * remove something; and whoever invalidates after the ticket wins over the value. When it cannot be known whether the
 * ticket took effect, the write counts as an invalidation.
 */
export class Writer {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /**
   * Stores a value that the caller has; false when it was not stored: the store did not answer, or somebody invalidated
   * or wrote the key meanwhile.
   *
   * @throws InvalidValueError when the value cannot be encoded
   */
  async set(request: CacheRequest, value: unknown): Promise<boolean> {
    const { limits } = this.#parts;
    // Now: a bad value is refused before anything is dropped, and what the caller does to it after the call is not stored.
    const payload = encodeValue(value, limits.maxValueBytes);
    const ticket = await this.#ticket(request);
    return typeof ticket === 'object' && this.#fill(request, ticket, { value, payload, costMs: 0 });
  }

  /** Runs what makes the new value between ticket and fill, so that an older load cannot come after it. */
  async put(request: CacheRequest, run: () => unknown): Promise<unknown> {
    const { store, flights, clock, limits, counts, around } = this.#parts;
    const ticket = await this.#ticket(request);
    const start = clock.monotonic();
    if (ticket === 'fenced') return run();
    if (ticket === undefined) return this.#runUnstored(request, run);
    const lease = new Lease(store, request.id, ticket.token, { leaseMs: limits.leaseMs, clock });
    try {
      counts.loads++;
      const value: unknown = await flights.hold(request.id, () =>
        around.load === undefined ? run() : around.load(run),
      );
      lease.end();
      const made = { value, costMs: clock.monotonic() - start };
      if (!(await this.#fill(request, ticket, made))) await this.#drop(request);
      return value;
    } catch (error) {
      counts.loadFailures++;
      throw error;
    } finally {
      if (!lease.ended) await lease.fail();
    }
  }

  /**
   * The lease by force; `undefined` when the store did not answer, and the key counts as invalidated; `fenced` when a transaction is
   * about to invalidate it, and nothing may be stored before (rule 15).
   */
  async #ticket(request: CacheRequest): Promise<Ticket | 'fenced' | undefined> {
    const { store, limits, invalidator } = this.#parts;
    const { id, names, lateTags } = request;
    const token = newToken();
    try {
      // Both leave in one turn. The stamps are older than the value's fill, which is what counts (rule 6).
      const [reading, forced] = await Promise.all([
        store.read({ id, names, sequence: lateTags }),
        store.force(id, token, limits.leaseMs),
      ]);
      const complete = reading.generations.every((generation) => generation !== undefined);
      if (!forced) return 'fenced';
      const { generations, sequence } = complete ? reading : await store.draw(names, 'missing');
      if (generations.some(isFence)) {
        await store.release(id, token).catch(unlessUnavailable);
        return 'fenced';
      }
      return { token, stamps: names.map((name, i) => ({ name, generation: generations[i] ?? '' })), sequence };
    } catch (error) {
      unlessUnavailable(error);
      await this.#drop(request);
      return undefined;
    } finally {
      invalidator.detach({ ids: [id] });
    }
  }

  async #fill(request: CacheRequest, { token, stamps, sequence }: Ticket, made: Made): Promise<boolean> {
    const { store, clock, limits } = this.#parts;
    const { id } = request;
    const draft = { request, ...made, version: token, stamps, sequence };
    const { entry, refusal } = await makeEntry(draft, {
      store,
      random: clock.random(),
      maxValueBytes: limits.maxValueBytes,
    });
    if (entry === undefined) {
      tellUncacheable(this.#parts, request, refusal ?? '');
      await store.release(id, token).catch(unlessUnavailable);
      return false;
    }
    const stored = await store.fill(id, token, entry).catch(unlessUnavailable);
    if (stored === undefined) await this.#drop(request);
    countFill(this.#parts, stored);
    this.#parts.invalidator.detach({ ids: [id] });
    return stored === true;
  }

  async #runUnstored(request: CacheRequest, run: () => unknown): Promise<unknown> {
    try {
      return await run();
    } finally {
      await this.#drop(request); // what was loaded while it ran may be older than what it wrote
    }
  }

  async #drop({ id }: CacheRequest): Promise<void> {
    await this.#parts.invalidator.carryOut({ ids: [id] });
  }
}
