import { LRUCache } from 'lru-cache';
import type { Clock } from '@mobius1/kernel';
import { sizeOf } from '../../core/codec/codec.js';
import type { Entry } from '../../core/entry.js';
import { parseEntryId } from '../../core/key.js';
import { globMatcher } from '../../core/glob.js';
import type { Selection } from '../../core/store.js';

/** Bounds of the in-process tier. */
export interface NearCacheOptions {
  /** @default 10_000 */
  readonly maxEntries?: number;
  /** Bytes of encoded values. @default 64 MiB */
  readonly maxBytes?: number;
  /** Milliseconds an entry is held at most, however long it lives in Redis. @default no limit */
  readonly ttlMs?: number | undefined;
}

export const NEAR_DEFAULTS = Object.freeze({ maxEntries: 10_000, maxBytes: 64 * 1024 * 1024 });

// What an entry costs beside its payload, measured with --expose-gc on small values.
const OVERHEAD_BYTES = 300;
const GENERATIONS_PER_ENTRY = 4;

interface Slot {
  readonly entry: Entry;
  /** Held until then, on the monotonic clock. */
  readonly until: number;
  /** The state of the generations at which the entry was last found valid. */
  checked: number;
}

/**
 * What this process holds of Redis: entries, and the generations they depend on. It is told what to forget and judges
 * nothing by itself but this: an entry counts only while every generation it was stamped with is held, too, and is the
 * same (protocol rule 7). What is missing is a miss, so forgetting too much is always safe.
 */
export class NearCache {
  readonly #slots: LRUCache<string, Slot>;
  readonly #generations: LRUCache<string, string>;
  readonly #ttlMs: number;
  #maxAgeMs = Infinity;
  readonly #clock: Clock;
  /** Grows with every change of any generation: entries checked since need no second check. */
  #changes = 0;

  constructor({ maxEntries, maxBytes, ttlMs = Infinity }: NearCacheOptions, clock: Clock) {
    this.#ttlMs = ttlMs;
    this.#clock = clock;
    const entries = maxEntries ?? NEAR_DEFAULTS.maxEntries;
    this.#slots = new LRUCache({
      max: entries,
      maxSize: maxBytes ?? NEAR_DEFAULTS.maxBytes,
      sizeCalculation: ({ entry }) => OVERHEAD_BYTES + sizeOf(entry.payload),
    });
    this.#generations = new LRUCache({
      max: entries * GENERATIONS_PER_ENTRY,
      disposeAfter: () => {
        this.#changes++;
      },
    });
  }

  get entries(): number {
    return this.#slots.size;
  }

  get bytes(): number {
    return this.#slots.calculatedSize;
  }

  /** The entry, if all it depends on is held and stands. */
  peek(id: string): Entry | undefined {
    const slot = this.#slots.get(id);
    if (slot === undefined || (slot.until !== Infinity && slot.until <= this.#clock.monotonic())) return undefined;
    if (slot.checked !== this.#changes) {
      for (const { name, generation } of slot.entry.stamps) {
        if (this.#generations.get(name) !== generation) return undefined;
      }
      slot.checked = this.#changes;
    }
    return slot.entry;
  }

  holdsGeneration(name: string): boolean {
    return this.#generations.has(name);
  }

  /** What is kept from now on is held for `ms` at most. */
  limitAge(ms: number): void {
    this.#maxAgeMs = ms;
  }

  keep(id: string, entry: Entry): void {
    const ms = Math.min(this.#ttlMs, this.#maxAgeMs);
    const until = ms === Infinity ? Infinity : this.#clock.monotonic() + ms;
    this.#slots.set(id, { entry, until, checked: -1 });
  }

  keepGeneration(name: string, generation: string): void {
    if (this.#generations.get(name) === generation) return;
    this.#generations.set(name, generation);
    this.#changes++;
  }

  forget(id: string): void {
    this.#slots.delete(id);
  }

  forgetGeneration(name: string): void {
    this.#generations.delete(name);
  }

  forgetSelection({ namespace, pattern, everything }: Selection): void {
    const matches = globMatcher(pattern);
    for (const id of this.#slots.keys()) {
      const parsed = parseEntryId(id);
      if (everything || (parsed.namespace === namespace && matches(parsed.key))) this.#slots.delete(id);
    }
  }

  clear(): void {
    this.#slots.clear();
    this.#generations.clear();
    this.#changes++;
  }
}
