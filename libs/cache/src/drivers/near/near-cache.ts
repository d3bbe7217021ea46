import { LRUCache } from 'lru-cache';
import type { Clock } from '@mobius1/kernel';
import { sizeOf } from '../../core/codec/codec.js';
import type { Entry, HeldEntry } from '../../core/entry.js';
import { parseEntryId } from '../../core/key.js';
import { globMatcher } from '../../core/glob.js';
import type { Selection } from '../../core/store.js';
import { keyOf, NearEntry, Terms, termsOf, TimedNearEntry } from './near-entry.js';

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

// Most entries of an application share few terms; those that do not have their own.
const SHARED_TERMS = 1_000;

/**
 * What this process holds of Redis: entries, and the generations they depend on. It is told what to forget and judges
 * nothing by itself but this: an entry counts only while every generation it was stamped with is held, too, and is the
 * same (protocol rule 7). What is missing is a miss, so forgetting too much is always safe.
 */
export class NearCache {
  readonly #entries: LRUCache<string, NearEntry>;
  readonly #generations: LRUCache<string, string>;
  readonly #terms = new LRUCache<string, Terms>({ max: SHARED_TERMS });
  readonly #ttlMs: number;
  #maxAgeMs = Infinity;
  readonly #epoch: number;
  readonly #clock: Clock;
  /** Grows with every change of any generation: entries checked since need no second check. */
  #changes = 0;

  constructor({ maxEntries, maxBytes, ttlMs = Infinity }: NearCacheOptions, clock: Clock) {
    this.#ttlMs = ttlMs;
    this.#clock = clock;
    this.#epoch = Math.floor(clock.now());
    const entries = maxEntries ?? NEAR_DEFAULTS.maxEntries;
    this.#entries = new LRUCache({ max: entries, maxSize: maxBytes ?? NEAR_DEFAULTS.maxBytes });
    this.#generations = new LRUCache({
      max: entries * GENERATIONS_PER_ENTRY,
      disposeAfter: () => {
        this.#changes++;
      },
    });
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The entry, if all it depends on is held and stands. */
  peek(id: string): HeldEntry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    if (entry instanceof TimedNearEntry && entry.until <= this.#clock.monotonic()) return undefined;
    const { terms } = entry;
    if (terms.checked !== this.#changes) {
      for (const { name, generation } of terms.stamps) {
        if (this.#generations.get(name) !== generation) return undefined;
      }
      terms.checked = this.#changes;
    }
    return entry;
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
    const terms = this.#termsOf(entry);
    const held =
      ms === Infinity ? new NearEntry(entry, terms) : new TimedNearEntry(entry, terms, this.#clock.monotonic() + ms);
    this.#entries.set(id, held, { size: OVERHEAD_BYTES + sizeOf(entry.payload) });
  }

  #termsOf(entry: Entry): Terms {
    const own = termsOf(entry);
    const key = keyOf(own);
    let terms = this.#terms.get(key);
    if (terms === undefined) this.#terms.set(key, (terms = new Terms(own, this.#epoch)));
    return terms;
  }

  keepGeneration(name: string, generation: string): void {
    if (this.#generations.get(name) === generation) return;
    this.#generations.set(name, generation);
    this.#changes++;
  }

  forget(id: string): void {
    this.#entries.delete(id);
  }

  forgetGeneration(name: string): void {
    this.#generations.delete(name);
  }

  forgetSelection({ namespace, pattern, everything }: Selection): void {
    const matches = globMatcher(pattern);
    for (const id of this.#entries.keys()) {
      const parsed = parseEntryId(id);
      if (everything || (parsed.namespace === namespace && matches(parsed.key))) this.#entries.delete(id);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#generations.clear();
    this.#changes++;
  }
}
