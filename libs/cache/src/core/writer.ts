import { type Draft, encodeValue, makeEntry } from './draft.js';
import type { Standing } from './flight.js';
import { Lease } from './lease.js';
import { type EngineParts, unlessUnavailable } from './loader.js';
import type { Sequence, Stamp } from './generation.js';
import type { Invalidator } from './invalidator.js';
import type { CacheRequest } from './request.js';
import { runLoad } from './run-load.js';
import { countFill, tellLoad, tellUncacheable } from './telling.js';
import { isFence, newToken, type Token } from './token.js';

interface Ticket {
  readonly token: Token;
  readonly stamps: readonly Stamp[];
  /** Where the sequence stood, for tags that only the value knows. */
  readonly sequence: Sequence | undefined;
}

/** A value on its way in, and what it has cost to make. */
type Made = Pick<Draft, 'value' | 'payload' | 'costMs'>;

/** What was made, and what became of it; nothing is known where it went past the cache. */
export interface Put<T> {
  readonly value: T;
  readonly standing?: Standing | undefined;
}

/** How a value was made: its cost in milliseconds, and what became of it. */
interface Ran {
  readonly value: unknown;
  readonly ms: number;
  readonly standing: Standing;
}

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
    if (typeof ticket !== 'object') return false;
    return (await this.#fill(request, ticket, { value, payload, costMs: 0 })) === 'stored';
  }

  /** Runs what makes the new value between ticket and fill, so that an older load cannot come after it. */
  async put<T>(request: CacheRequest, run: () => T | Promise<T>): Promise<Put<T>> {
    const ticket = await this.#ticket(request);
    const made =
      typeof ticket === 'object' ? this.#putLeased(request, ticket, run) : this.#putUnstored(request, ticket, run);
    const { value, ms, standing } = await made;
    tellLoad(this.#parts, request, ms, standing === 'stored');
    return { value: value as T, standing };
  }

  async #putLeased(request: CacheRequest, ticket: Ticket, run: () => unknown): Promise<Ran> {
    const { store, flights, clock, limits } = this.#parts;
    const lease = new Lease(store, request.id, ticket.token, { leaseMs: limits.leaseMs, clock });
    try {
      const { value, ms } = await runLoad(this.#parts, () => flights.hold(request.id, run));
      lease.end();
      const standing = await this.#fill(request, ticket, { value, costMs: ms });
      if (standing !== 'stored') await this.#drop(request);
      return { value, ms, standing };
    } finally {
      if (!lease.ended) await lease.fail();
    }
  }

  async #putUnstored(request: CacheRequest, ticket: 'fenced' | undefined, run: () => unknown): Promise<Ran> {
    try {
      return { ...(await runLoad(this.#parts, run)), standing: ticket ?? 'unleased' };
    } finally {
      // What was loaded while it ran may be older than what it wrote; a fence keeps such loads out by itself.
      if (ticket === undefined) await this.#drop(request);
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

  async #fill(request: CacheRequest, { token, stamps, sequence }: Ticket, made: Made): Promise<Standing> {
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
      return 'current';
    }
    const stored = await store.fill(id, token, entry).catch(unlessUnavailable);
    if (stored === undefined) await this.#drop(request);
    countFill(this.#parts, stored);
    this.#parts.invalidator.detach({ ids: [id] });
    if (stored === undefined) return 'unleased';
    return stored ? 'stored' : 'fenced';
  }

  async #drop({ id }: CacheRequest): Promise<void> {
    await this.#parts.invalidator.carryOut({ ids: [id] });
  }
}
