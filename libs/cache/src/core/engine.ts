import { Channel, type Clock, noUnitOfWork, systemClock, type UnitOfWork } from '@mobius1/kernel';
import { BatchLoad, type Loaded } from './batch-load.js';
import { encodeValue } from './draft.js';
import type { HeldEntry } from './entry.js';
import type { CacheEvents, Outcome } from './events.js';
import { explain, type KeyExplanation } from './explain.js';
import type { Standing } from './flight.js';
import { Flights } from './flights.js';
import { judge } from './freshness.js';
import { Invalidator, type Target } from './invalidator.js';
import { entryId } from './key.js';
import { unlessUnavailable } from './loader.js';
import { look, type Look } from './look.js';
import { type EngineLimits, LIMIT_DEFAULTS, type LoadOptions, type Plan, PLAN_DEFAULTS } from './options.js';
import { Reader } from './reader.js';
import { RememberingStore } from './remembering-store.js';
import { type CacheRequest, resolveRequest } from './request.js';
import type { Surroundings } from './run-load.js';
import { type Counts, noCounts } from './stats.js';
import type { Store } from './store.js';
import { tellForeign } from './telling.js';
import { type Put, Writer } from './writer.js';

export interface EngineOptions {
  readonly store: Store;
  readonly clock?: Clock;
  readonly defaults?: Partial<Plan>;
  readonly limits?: Partial<EngineLimits>;
  readonly events?: Channel<CacheEvents>;
  /** The transactions of the database, if there are any: reads inside them bypass, invalidations wait for their end (G16). */
  readonly unitOfWork?: UnitOfWork | undefined;
  /** Whether what a transaction will invalidate is fenced before its COMMIT. @default false */
  readonly fence?: boolean;
}

const nothing = (): undefined => undefined;

/**
 * The cache engine: policy over a `Store`, without Nest and without Redis. Everything that reads goes through `getOrSet`
 * or `get`, everything that writes through `set` or `put`, and everything that invalidates through `invalidate`.
 */
export class CacheEngine {
  readonly events: Channel<CacheEvents>;
  readonly counts: Counts = noCounts();
  /** What is put around loads, by whoever watches them. */
  readonly around: Surroundings = {};
  readonly #store: RememberingStore;
  readonly #flights = new Flights();
  readonly #invalidator: Invalidator;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #defaults: Plan;
  readonly #limits: EngineLimits;
  readonly #enabled: boolean;
  readonly #sometimesBypassed: boolean;

  constructor(options: EngineOptions) {
    const { store, clock = systemClock, defaults, limits, events, unitOfWork = noUnitOfWork, fence = false } = options;
    this.events = events ?? new Channel<CacheEvents>();
    this.#enabled = store.kind !== 'none';
    this.#sometimesBypassed = !this.#enabled || unitOfWork !== noUnitOfWork;
    this.#defaults = Object.freeze({ ...PLAN_DEFAULTS, ...defaults });
    this.#limits = Object.freeze({ ...LIMIT_DEFAULTS, ...limits });
    this.#store = new RememberingStore(store, clock, {
      failed: (error) => {
        this.counts.storeFailures++;
        this.events.emit('unavailable', () => ({ error }));
      },
      replayed: (replayed) => this.events.emit('available', () => ({ replayed })),
    });
    const parts = {
      store: this.#store,
      flights: this.#flights,
      counts: this.counts,
      events: this.events,
      clock,
      around: this.around,
      limits: this.#limits,
    };
    const invalidator = new Invalidator({ ...parts, work: unitOfWork, fence });
    this.#invalidator = invalidator;
    this.#store.listen((heard) => (heard === 'everything' ? this.#flights.detachAll() : invalidator.detach(heard)));
    this.#reader = new Reader(parts);
    this.#writer = new Writer({ ...parts, invalidator });
  }

  /** Invalidations that the store could not be told yet. */
  get remembered(): number {
    return this.#store.remembered;
  }

  /** How this process hears of changes by others; absent without a tier of its own before Redis. */
  get coherence(): Store['coherence'] {
    return this.#store.coherence;
  }

  /** Loads in progress that may be joined. */
  get flights(): number {
    return this.#flights.size;
  }

  /** The value under a key, or what `load` returns, which is then cached. */
  async getOrSet<T>(key: string, load: () => T | Promise<T>, options?: LoadOptions<T>): Promise<T> {
    if (this.#bypasses()) return load();
    const entry = this.#hot(key, load, options);
    if (entry !== undefined) return entry.value() as T;
    const { value, outcome } = await this.#reader.read(this.#request('getOrSet', key, options, load));
    this.#answered(key, options?.namespace, outcome);
    return value as T;
  }

  /**
   * As `getOrSet`, for a load that shows something of its value before it has it: who joins such a load gets what it shows. Who runs the
   * load gets its value, and what became of it: nothing (`undefined`) where the read goes past the cache. Where `accepts` refuses what is
   * stored, it is loaded anew, once for all who refuse it; it stays for everybody else until then.
   */
  async getOrJoin<T, S>(
    key: string,
    load: (show?: (what: S) => void) => Promise<T>,
    options?: LoadOptions<T> & Pick<CacheRequest, 'accepts'>,
  ): Promise<{ readonly value: T; readonly standing?: Standing | undefined } | { readonly shown: S }> {
    if (this.#bypasses()) return { value: await load() };
    const accepts = options?.accepts;
    const entry = accepts === undefined ? this.#hot(key, load, options) : undefined;
    if (entry !== undefined) return { value: entry.value() as T };
    const request = { ...this.#request('getOrSet', key, options, load), joinsShown: true, accepts };
    const { value, outcome, shown, standing } = await this.#reader.read(request);
    this.#answered(key, options?.namespace, outcome);
    return shown === undefined ? { value: value as T, standing } : { shown: shown as S };
  }

  /** The values under several keys; those that are missing are loaded together. In the order of the keys. */
  async getOrSetMany<T>(
    keys: readonly string[],
    loadMissing: (keys: string[]) => Loaded<T> | PromiseLike<Loaded<T>>,
    options?: LoadOptions<T>,
  ): Promise<(T | undefined)[]> {
    const distinct = [...new Set(keys)];
    for (const key of distinct) entryId(key, options?.namespace); // nothing is loaded when one of them is wrong
    const batch = new BatchLoad<T>(distinct, loadMissing);
    const read = async (key: string): Promise<[string, T | undefined]> => {
      try {
        return [key, await this.#getOrLoad(key, batch, options)];
      } finally {
        batch.standBack(key);
      }
    };
    const values = new Map(await Promise.all(distinct.map(read)));
    return keys.map((key) => values.get(key));
  }

  /** The value under a key, fresh or within `staleWhileRevalidate`; `undefined` when there is none. */
  async get(key: string, options?: LoadOptions<never>): Promise<unknown> {
    const request = this.#request('get', key, options);
    if (this.#bypasses()) return undefined;
    const seen = await this.#look(request);
    const freshness = seen.entry && judge(seen.entry, this.#store.now(), request.plan.staleWhileRevalidateMs);
    const local = seen.generations === undefined && freshness === 'fresh';
    if (local) this.counts.localHits++;
    const found = seen.counter ?? (freshness === 'expired' ? undefined : seen.entry?.value());
    const outcome = freshness === 'stale' ? 'stale' : 'hit';
    this.#answered(key, request.namespace, found === undefined ? 'miss' : outcome);
    return found;
  }

  /** Whether there is a fresh value or a counter; counts as no read. */
  async exists(key: string, options?: LoadOptions<never>): Promise<boolean> {
    const request = this.#request('exists', key, options);
    if (this.#bypasses()) return false;
    const { entry, counter } = await this.#look(request);
    return counter !== undefined || (entry !== undefined && this.#store.now() < entry.freshUntil);
  }

  /** What the cache knows of a key; changes and counts nothing. Never fails for the store. */
  async explain(key: string, options?: LoadOptions<never>): Promise<KeyExplanation> {
    const request = this.#request('explain', key, options);
    const parts = { store: this.#store, flights: this.#flights };
    const { namespace, id } = request;
    const unknown = { key, ...(namespace === undefined ? {} : { namespace }), id, state: 'unknown' as const };
    return (await explain(parts, request).catch(unlessUnavailable)) ?? { ...unknown, local: false, loading: false };
  }

  /** Stores a value; true when it is stored. Inside a transaction the key is invalidated after its commit instead. */
  async set(key: string, value: unknown, options?: LoadOptions<never>): Promise<boolean> {
    const request = this.#request('set', key, options);
    if (!this.#invalidator.deferring) return this.#writer.set(request, value);
    encodeValue(value, this.#limits.maxValueBytes); // a wrong value is wrong there, too
    this.#invalidator.defer(request.id);
    return false;
  }

  /**
   * Runs `run` and stores what it returns, whatever was there. Besides the value, what became of it: nothing (`undefined`) where the write
   * goes past the cache.
   */
  async put<T>(key: string, run: () => T | Promise<T>, options?: LoadOptions<T>): Promise<Put<T>> {
    if (!this.#enabled) return { value: await run() };
    const request = this.#request('put', key, options);
    if (!this.#invalidator.deferring) return this.#writer.put(request, run);
    this.#invalidator.defer(request.id);
    return { value: await run() };
  }

  /** Adds `by` to a counter and returns the sum. @throws StoreUnavailableError because there is no honest guess */
  async increment(key: string, by: number, ttlMs: number | undefined, namespace?: string): Promise<number> {
    const id = entryId(key, namespace);
    this.#flights.detach(id);
    return this.#store.increment(id, by, ttlMs);
  }

  /** Invalidates, after the commit when it stands in a transaction; returns how many keys were removed now. */
  invalidate(target: Target): Promise<number> {
    return this.#invalidator.invalidate(target);
  }

  /** Keys and bytes in the store; zero when it does not answer. */
  async usage(): Promise<{ keys: number; memory: number }> {
    return (await this.#store.usage().catch(unlessUnavailable)) ?? { keys: 0, memory: 0 };
  }

  /** Tells the store the invalidations it missed, if any; called when it can be reached again. */
  async replay(): Promise<void> {
    await this.#store.replay().catch(unlessUnavailable);
  }

  /** Tells the store what it missed, as far as it answers within `ms`, and then nothing by itself any more. */
  async close(ms = 1_000): Promise<void> {
    await this.#store.close(ms).catch(unlessUnavailable);
  }

  /** Whether a read goes past the cache: it is turned off, or the read stands in a transaction. A hot hit asks one field. */
  #bypasses(): boolean {
    if (!this.#sometimesBypassed) return false;
    if (!this.#enabled) return true;
    if (!this.#invalidator.deferring) return false;
    this.counts.bypassed++;
    return true;
  }

  /** The entry of a hot hit. This is the whole of it: nothing is resolved, nothing awaited, nothing copied. */
  #hot(key: string, load: () => unknown, options: LoadOptions<never> | undefined): HeldEntry | undefined {
    const entry = this.#store.peek(entryId(key, options?.namespace));
    if (entry === undefined || this.#store.now() >= entry.freshUntil) return undefined;
    if (options?.earlyRefresh ?? this.#defaults.earlyRefresh) {
      this.#reader.refreshEarly(this.#request('getOrSet', key, options, load), entry);
    }
    this.counts.localHits++;
    this.#answered(key, options?.namespace, 'hit');
    return entry;
  }

  /** `getOrSet` of one key of a batch. */
  async #getOrLoad<T>(
    key: string,
    batch: BatchLoad<T>,
    options: LoadOptions<never> | undefined,
  ): Promise<T | undefined> {
    const load = (): Promise<T | undefined> => batch.load(key);
    if (this.#bypasses()) return load();
    const entry = this.#hot(key, load, options);
    if (entry !== undefined) return entry.value() as T;
    const request = this.#request('getOrSetMany', key, options, load);
    const { value, outcome } = await this.#reader.read({ ...request, standBack: () => batch.standBack(key) });
    this.#answered(key, request.namespace, outcome);
    return value as T | undefined;
  }

  #request(
    call: string,
    key: string,
    options: LoadOptions<never> | undefined,
    load: () => unknown = nothing,
  ): CacheRequest {
    return resolveRequest({ call: `${call}()`, key, load, options }, this.#defaults);
  }

  async #look(request: CacheRequest): Promise<Partial<Look>> {
    const entry = this.#store.peek(request.id);
    if (entry !== undefined) return { entry };
    return (await look(this.#store, request, () => tellForeign(this, request)).catch(unlessUnavailable)) ?? {};
  }

  #answered(key: string, namespace: string | undefined, outcome: Outcome): void {
    if (outcome === 'hit') this.counts.hits++;
    else if (outcome === 'stale') this.counts.stale++;
    else this.counts.misses++;
    this.events.emit('read', () => ({ key, namespace, outcome }));
  }
}
