import { OptionCheck } from '@mobius1/kernel';
import type { Loaded } from '../../core/batch-load.js';
import type { CacheEngine } from '../../core/engine.js';
import type { KeyExplanation } from '../../core/explain.js';
import { checkTags, joinTags, type LoadOptions, type StoreOptions, ttlMs } from '../../core/options.js';
import { type Counts, hitRate } from '../../core/stats.js';
import type { Coherence } from '../../core/store.js';
import {
  type CacheEntry,
  checkFeature,
  checkInvalidate,
  checkPattern,
  type FeatureOptions,
  type GetOptions,
  type IncrementOptions,
  type InvalidateOptions,
  type NamespaceOption,
} from './manager-options.js';

/** What the cache did since this process started, and what the store holds. */
export interface CacheStats extends Counts {
  /** Reads answered without a load, in percent: 0 to 100, one decimal. */
  hitRate: number;
  /** Values and counters under our prefix, those included that a tag made void but nobody overwrote yet. */
  keys: number;
  /** Bytes in use: Redis' own `used_memory`, or the encoded values of the in-memory store. */
  memory: number;
  /** Invalidations the store could not be told yet. */
  remembered: number;
  /** How this process hears of changes in Redis; absent without a tier in this process. */
  coherence?: Coherence;
}

// Enough to keep the connection busy, few enough that reads get through beside it.
const WARM_UP_CONCURRENCY = 32;

/** The general cache: keys, TTLs, namespaces, tags, counters, statistics. */
export class CacheManager {
  readonly #engine: CacheEngine;
  readonly #feature: FeatureOptions;

  constructor(engine: CacheEngine, feature: FeatureOptions = {}) {
    checkFeature('CacheManager', feature);
    this.#engine = engine;
    this.#feature = Object.freeze({ ...feature });
  }

  /** The same cache with a namespace, TTL or tags of its own. */
  scoped(feature: FeatureOptions): CacheManager {
    checkFeature('scoped()', feature);
    const tags = [...(this.#feature.tags ?? []), ...(feature.tags ?? [])];
    return new CacheManager(this.#engine, { ...this.#feature, ...feature, tags });
  }

  /**
   * The value under a key; `undefined` when there is none, or when the cache cannot be reached. `null` is a value.
   * Plain data is frozen: it may be shared with other callers.
   *
   * @throws InvalidKeyError, InvalidOptionsError
   */
  async get<T = unknown>(key: string, options?: GetOptions): Promise<T | undefined> {
    return (await this.#engine.get(key, this.#scope(options))) as T | undefined;
  }

  /** The values under several keys, in their order, read in one round trip. */
  async getMany<T = unknown>(keys: readonly string[], options?: GetOptions): Promise<(T | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<T>(key, options)));
  }

  /**
   * Stores a value. True when it is stored; false when it is not, because the cache cannot be reached or somebody
   * invalidated or wrote the key at the same time. What was there before is gone in either case.
   *
   * @throws InvalidKeyError, InvalidOptionsError, InvalidValueError (functions, symbols, class instances, too large)
   */
  async set(key: string, value: unknown, options?: StoreOptions): Promise<boolean> {
    return this.#engine.set(key, value, this.#scope(options));
  }

  /** Stores several values; tells for each whether it is stored. */
  async setMany(entries: readonly CacheEntry[]): Promise<boolean[]> {
    return Promise.all(entries.map(({ key, value, ...options }) => this.set(key, value, options)));
  }

  /** Removes a key everywhere. True when something was there. When the cache cannot be reached, it is made up for later. */
  async delete(key: string, options?: NamespaceOption): Promise<boolean> {
    return (await this.#engine.invalidate({ namespace: this.#namespace(options), keys: [key] })) > 0;
  }

  /** Whether `get` would find a value. */
  async exists(key: string, options?: NamespaceOption): Promise<boolean> {
    return this.#engine.exists(key, this.#scope(options));
  }

  /**
   * What the cache knows of a key, for people who wonder why it is, or is not, a hit: its age, what it depends on, what has made it void.
   * Changes and counts nothing, and tells nothing of the value.
   *
   * @throws InvalidKeyError, InvalidOptionsError
   */
  async explain(key: string, options?: NamespaceOption): Promise<KeyExplanation> {
    return this.#engine.explain(key, { namespace: this.#namespace(options) });
  }

  /**
   * The value under a key, or what `load` returns, which is then cached. Concurrent callers share one load. A failing
   * cache never fails the call; what `load` throws is thrown and not cached.
   *
   * @example
   * const user = await cache.getOrSet(CacheKeys.user(id), () => db.user(id), { ttl: '5m', tags: [`user-${id}`] });
   *
   * @throws InvalidKeyError, InvalidOptionsError, LoadTimeoutError, RecursiveLoadError
   */
  getOrSet<T>(key: string, load: () => T | Promise<T>, options?: LoadOptions<NoInfer<T>>): Promise<T> {
    return this.#engine.getOrSet(key, load, this.#scope(options) as LoadOptions<T> | undefined);
  }

  /**
   * The values under several keys, in their order. What is missing is loaded together by one call of `loadMissing`, and
   * cached. Keys that somebody loads already, in whatever way, are left out and waited for. A key that `loadMissing` has
   * no value for is `undefined` in the result, and not cached.
   *
   * @param loadMissing gets the missing keys and returns a `Map` by key, or an array with one value for each key. It is
   * called again for keys that others were to load and did not, and for keys that are refreshed.
   * @example
   * const users = await cache.getOrSetMany(keys, async (missing) => {
   *   const found = await db.users(missing);
   *   return new Map(found.map((user) => [CacheKeys.user(user.id), user]));
   * });
   *
   * @throws BatchLoadError, InvalidKeyError, InvalidOptionsError, LoadTimeoutError, RecursiveLoadError
   */
  getOrSetMany<T>(
    keys: readonly string[],
    loadMissing: (missing: string[]) => Loaded<T> | PromiseLike<Loaded<T>>,
    options?: LoadOptions<NoInfer<T>>,
  ): Promise<(T | undefined)[]> {
    return this.#engine.getOrSetMany(keys, loadMissing, this.#scope(options) as LoadOptions<T> | undefined);
  }

  /**
   * Runs `make` and stores what it returns in place of whatever was there; loads that began before cannot overwrite it.
   *
   * @throws InvalidKeyError, InvalidOptionsError, and what `make` throws
   */
  async put<T>(key: string, make: () => T | Promise<T>, options?: LoadOptions<NoInfer<T>>): Promise<T> {
    return (await this.#engine.put(key, make, this.#scope(options) as LoadOptions<T> | undefined)).value;
  }

  /**
   * Adds to a counter and returns the sum. The counter is a plain Redis integer; its TTL comes with the first increment.
   *
   * @throws StoreUnavailableError when the cache cannot be reached: there is no honest guess
   * @throws CounterConflictError when the key holds a cached value
   */
  async increment(key: string, options: IncrementOptions = {}): Promise<number> {
    const check = new OptionCheck('increment()');
    check.unknownKeys('', options, ['namespace', 'ttl', 'by']);
    const { by = 1, ttl } = options;
    if (!Number.isSafeInteger(by)) check.problem('by', 'a safe integer', by);
    check.throwIfAny();
    const ms = ttl === undefined ? undefined : ttlMs('increment()', ttl);
    return this.#engine.increment(key, by, ms, this.#namespace(options));
  }

  /**
   * Removes all keys that match a glob (`*`, `?`, `[a-z]`, `\` to escape) in the namespace. Walks over all keys: tags do
   * the same in one step. Returns how many were removed.
   *
   * @throws InvalidKeyError for a namespace that is none, InvalidOptionsError
   */
  async invalidatePattern(pattern: string, options?: NamespaceOption): Promise<number> {
    const check = new OptionCheck('invalidatePattern()');
    checkPattern(check, 'pattern', pattern);
    check.throwIfAny();
    return this.#engine.invalidate({ namespace: this.#namespace(options), patterns: [pattern] });
  }

  /**
   * Makes every entry with this tag void, whatever their number, in one step. Without a namespace the tag is meant
   * everywhere; with one, only there.
   */
  async invalidateByTag(tag: string | readonly string[], options?: NamespaceOption): Promise<void> {
    const tags = typeof tag === 'string' ? [tag] : tag;
    const check = new OptionCheck('invalidateByTag()');
    checkTags(check, tags);
    check.throwIfAny();
    await this.#engine.invalidate({ namespace: options?.namespace, tags });
  }

  /**
   * Invalidates keys, tags and patterns of a namespace as one invalidation. Returns how many keys were removed at once;
   * what a tag makes void is not counted. As with `invalidateByTag`, tags are meant everywhere unless the call names a namespace.
   *
   * @throws InvalidKeyError, InvalidOptionsError
   */
  async invalidate(options: InvalidateOptions): Promise<number> {
    checkInvalidate('invalidate()', options);
    const { namespace, tags = [], ...rest } = options;
    const inScope = { ...rest, namespace: this.#namespace(options) };
    if (inScope.namespace === namespace) return this.#invalidate({ ...inScope, tags });
    await this.#invalidate({ tags });
    return this.#invalidate(inScope);
  }

  /** Makes every entry of a namespace void and removes its keys; without a namespace (and outside a feature) everything. */
  async clear(namespace?: string): Promise<void> {
    await this.#engine.invalidate({ namespace: namespace ?? this.#feature.namespace, all: true });
  }

  /** Stores many values, a bounded number at a time, for instance at start. Tells how many are stored. */
  async warmUp(entries: readonly CacheEntry[]): Promise<{ stored: number; failed: number }> {
    let stored = 0;
    for (let from = 0; from < entries.length; from += WARM_UP_CONCURRENCY) {
      const done = await this.setMany(entries.slice(from, from + WARM_UP_CONCURRENCY));
      stored += done.filter(Boolean).length;
    }
    return { stored, failed: entries.length - stored };
  }

  /** Counts of this process, and keys and memory of the store; asking walks over the keys, so do it rarely. */
  async getStats(): Promise<CacheStats> {
    const { keys, memory } = await this.#engine.usage();
    const counts = { ...this.#engine.counts };
    const { remembered, coherence } = this.#engine;
    const tier = coherence === undefined ? {} : { coherence };
    return { ...counts, hitRate: hitRate(counts), keys, memory, remembered, ...tier };
  }

  async #invalidate(what: InvalidateOptions): Promise<number> {
    const { keys, tags, patterns, all = false } = what;
    const nothing = !all && [keys, tags, patterns].every((list) => !list?.length);
    return nothing ? 0 : this.#engine.invalidate(what);
  }

  #namespace(options: NamespaceOption | undefined): string | undefined {
    return options?.namespace ?? this.#feature.namespace;
  }

  /** The options of a call over those of the feature. */
  #scope<O extends LoadOptions<never>>(options: O | undefined): LoadOptions<never> | undefined {
    const { namespace, ttl, tags } = this.#feature;
    if (namespace === undefined && ttl === undefined && !tags?.length) return options;
    if (options !== undefined && typeof options !== 'object') return options; // the engine says that it is none
    return {
      ...options,
      namespace: options?.namespace ?? namespace,
      ttl: options?.ttl ?? ttl,
      tags: joinTags(tags ?? [], options?.tags),
    };
  }
}
