import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '@mobius1/kernel';
import { sizeOf } from '../core/codec/codec.js';
import type { Entry } from '../core/entry.js';
import { CounterConflictError } from '../core/errors.js';
import { type Sequence, writeGeneration } from '../core/generation.js';
import { globMatcher } from '../core/glob.js';
import { parseEntryId } from '../core/key.js';
import type { Acquisition, Drawn, Fenced, Found, Reading, ReadQuery, Selection, Store } from '../core/store.js';
import { newToken, type Token } from '../core/token.js';
import { PollingWatch, type Watch } from '../core/watch.js';

/** Bounds of the in-memory store. */
export interface MemoryStoreOptions {
  /** @default 10_000 */
  readonly maxEntries?: number;
  /** Bytes of encoded values. @default 64 MiB */
  readonly maxBytes?: number;
  /** Where time comes from, for tests. @default the real one */
  readonly clock?: Clock;
}

export const MEMORY_DEFAULTS = Object.freeze({ maxEntries: 10_000, maxBytes: 64 * 1024 * 1024 });

// What an entry costs beside its payload: key, record and map node, measured with --expose-gc on small values.
const OVERHEAD_BYTES = 300;
// Tags of entries that are long gone must not pile up; an evicted generation is a miss (G3).
const GENERATIONS_PER_ENTRY = 4;

/** Everything one key may hold: a value, the lease of a load in progress, both, or a counter. */
interface Slot {
  entry: Entry | undefined;
  lease: { readonly token: Token; until: number } | undefined;
  counter: { count: number; until: number } | undefined;
  /** The state of the generations at which the entry was last found valid. */
  checked: number;
}

/**
 * The store of a single process: the reference implementation of the port, with the same semantics as Redis.
 * Bounded by entries and bytes, least recently used first.
 */
export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly audible: boolean = true;
  readonly #clock: Clock;
  /** Wall time when the monotonic clock began: the wall clock may jump, and a TTL is not to jump with it. */
  readonly #epoch: number;
  readonly #slots: LRUCache<string, Slot>;
  readonly #generations: LRUCache<string, string>;
  #sequence: Sequence = { epoch: newToken(), number: 0 };
  /** Grows with every change of any generation: entries checked since need no second check. */
  #changes = 0;

  constructor({ maxEntries, maxBytes, clock }: MemoryStoreOptions = {}) {
    const entries = maxEntries ?? MEMORY_DEFAULTS.maxEntries;
    this.#clock = clock ?? systemClock;
    this.#epoch = this.#clock.now() - this.#clock.monotonic();
    this.#slots = new LRUCache({
      max: entries,
      maxSize: maxBytes ?? MEMORY_DEFAULTS.maxBytes,
      sizeCalculation: (slot) => OVERHEAD_BYTES + (slot.entry === undefined ? 0 : sizeOf(slot.entry.payload)),
    });
    this.#generations = new LRUCache({
      max: entries * GENERATIONS_PER_ENTRY,
      disposeAfter: () => {
        this.#changes++;
      },
    });
  }

  /** All changes are made through this store: whoever makes one knows of it. */
  listen(): void {
    // Nobody else is heard.
  }

  watch(): Watch {
    return new PollingWatch(this.#clock);
  }

  now(): number {
    return this.#epoch + this.#clock.monotonic();
  }

  peek(id: string): Entry | undefined {
    const slot = this.#slots.get(id);
    const entry = slot?.entry;
    if (entry === undefined || slot === undefined) return undefined;
    if (slot.checked !== this.#changes) {
      for (const { name, generation } of entry.stamps) {
        if (this.#generations.get(name) !== generation) return undefined;
      }
      slot.checked = this.#changes;
    }
    return entry;
  }

  async read({ id, names }: ReadQuery): Promise<Reading> {
    return {
      found: this.#find(id),
      generations: names.map((name) => this.#generations.get(name)),
      sequence: this.#sequence,
    };
  }

  async acquire(id: string, { token, leaseMs, seen, keep }: Acquisition): Promise<boolean> {
    const slot = this.#live(id);
    if (slot?.lease !== undefined || slot?.counter !== undefined) return false;
    if (slot?.entry !== undefined && slot.entry.version !== seen) return false;
    this.#put(id, { entry: keep ? slot?.entry : undefined, lease: this.#lease(token, leaseMs) });
    return true;
  }

  async force(id: string, token: Token, leaseMs: number): Promise<boolean> {
    this.#put(id, { lease: this.#lease(token, leaseMs) });
    return true;
  }

  async renew(id: string, token: Token, leaseMs: number): Promise<boolean> {
    const slot = this.#live(id);
    if (slot?.lease?.token !== token) return false;
    slot.lease.until = this.now() + leaseMs;
    return true;
  }

  async release(id: string, token: Token): Promise<boolean> {
    const slot = this.#live(id);
    if (slot?.lease?.token !== token) return false;
    if (slot.entry === undefined) this.#slots.delete(id);
    else slot.lease = undefined;
    return true;
  }

  /** Leaves no word of it: those who wait are of this process, and share the next load anyway. */
  fail(id: string, token: Token): Promise<boolean> {
    return this.release(id, token);
  }

  async fill(id: string, token: Token, entry: Entry): Promise<boolean> {
    if (this.#live(id)?.lease?.token !== token) return false;
    this.#put(id, { entry });
    return this.#slots.has(id); // what is larger than the whole store is not kept
  }

  async delete(ids: readonly string[]): Promise<number> {
    let removed = 0;
    for (const id of ids) {
      if (this.#live(id) !== undefined) removed++;
      this.#slots.delete(id);
    }
    return removed;
  }

  async draw(names: readonly string[], which: 'missing' | 'all'): Promise<Drawn> {
    const previous = this.#sequence;
    const generations = names.map((name) => {
      const present = which === 'missing' ? this.#generations.get(name) : undefined;
      if (present !== undefined) return present;
      this.#sequence = { epoch: this.#sequence.epoch, number: this.#sequence.number + 1 };
      const drawn = writeGeneration({ unique: newToken(), ...this.#sequence });
      this.#generations.set(name, drawn);
      this.#changes++;
      return drawn;
    });
    return { generations, sequence: this.#sequence, previous };
  }

  async sweep({ namespace, pattern, everything }: Selection): Promise<number> {
    const matches = globMatcher(pattern);
    let removed = 0;
    for (const id of [...this.#slots.keys()]) {
      const parsed = parseEntryId(id);
      if (!everything && (parsed.namespace !== namespace || !matches(parsed.key))) continue;
      if (this.#live(id) !== undefined) removed++;
      this.#slots.delete(id);
    }
    return removed;
  }

  /** Only invalidates: whoever could be stopped between this and `lift` would take the store along. */
  async fence({ ids, names }: Fenced): Promise<void> {
    await this.delete(ids);
    await this.draw(names, 'all');
  }

  lift(fenced: Fenced): Promise<void> {
    return this.fence(fenced);
  }

  forget(): void {
    // Nothing is held beside the store itself.
  }

  async increment(id: string, by: number, ttlMs: number | undefined): Promise<number> {
    const slot = this.#live(id);
    if (slot?.entry !== undefined) throw new CounterConflictError(id);
    const counter = slot?.counter ?? { count: 0, until: Infinity };
    const count = counter.count + by;
    if (!Number.isSafeInteger(count)) throw new CounterConflictError(id, 'its sum would not be a safe integer');
    const until = ttlMs !== undefined && counter.until === Infinity ? this.now() + ttlMs : counter.until;
    this.#put(id, { counter: { count, until } });
    return count;
  }

  async usage(): Promise<{ keys: number; memory: number }> {
    let keys = 0;
    for (const id of [...this.#slots.keys()]) {
      const { kind } = this.#find(id);
      if (kind === 'entry' || kind === 'counter') keys++;
    }
    return { keys, memory: this.#slots.calculatedSize };
  }

  #lease(token: Token, leaseMs: number): Slot['lease'] {
    return { token, until: this.now() + leaseMs };
  }

  #put(id: string, { entry, lease, counter }: Partial<Slot>): void {
    this.#slots.set(id, { entry, lease, counter, checked: -1 });
  }

  /** The slot without what has run out; `undefined` when nothing is left of it. */
  #live(id: string): Slot | undefined {
    const slot = this.#slots.get(id);
    if (slot === undefined) return undefined;
    const now = this.now();
    if (slot.entry !== undefined && slot.entry.goneUntil <= now) slot.entry = undefined;
    if (slot.lease !== undefined && slot.lease.until <= now) slot.lease = undefined;
    if (slot.counter !== undefined && slot.counter.until <= now) slot.counter = undefined;
    if (slot.entry ?? slot.lease ?? slot.counter) return slot;
    this.#slots.delete(id);
    return undefined;
  }

  #find(id: string): Found {
    const slot = this.#live(id);
    if (slot?.counter !== undefined) return { kind: 'counter', count: slot.counter.count };
    if (slot?.entry !== undefined) return { kind: 'entry', entry: slot.entry, holder: slot.lease?.token };
    const holder = slot?.lease?.token;
    return holder === undefined ? { kind: 'absent' } : { kind: 'lease', holder, afterFailure: false };
  }
}
