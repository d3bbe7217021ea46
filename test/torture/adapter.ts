/** How an entry is stored, in the torture: seconds, and the tags it carries. */
export interface TortureOptions {
  readonly ttl: number;
  readonly tags: readonly string[];
}

/** A way to reach the Redis under torture, as ioredis takes it. */
export type TortureRedis =
  | { readonly url: string }
  | { readonly cluster: readonly { host: string; port: number }[] }
  | { readonly sentinels: readonly { host: string; port: number }[]; readonly name: string };

/**
 * A cache under torture. Five methods are all that is needed; whatever else is there makes the judgement stricter.
 * Write one for your cache and run it: `npm run torture -- --adapter path/to/adapter.ts`.
 */
export interface TortureAdapter {
  /** Name and version, for the report. */
  readonly name: string;
  getOrSet(key: string, load: () => Promise<number>, options: TortureOptions): Promise<number>;
  get(key: string): Promise<number | undefined>;
  set(key: string, value: number, options: TortureOptions): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  invalidateTag(tag: string): Promise<unknown>;
  /** The values of several keys; those that are missing are loaded together. */
  getOrSetMany?(
    keys: readonly string[],
    load: (missing: readonly string[]) => Promise<ReadonlyMap<string, number>>,
    options: TortureOptions,
  ): Promise<readonly (number | undefined)[]>;
  /** Runs `make` and stores what it returns, whatever was there. */
  put?(key: string, make: () => Promise<number>, options: TortureOptions): Promise<unknown>;
  /** Further ways to void everything under `key`, by name. */
  readonly invalidations?: readonly (readonly [string, (key: string) => Promise<unknown>])[];
  /**
   * Milliseconds for which a process may still answer what another one has invalidated; older is a violation. For a cache
   * with `catchUp` this counts only where that has an excuse.
   */
  readonly graceMs: number;
  /**
   * Resolves when this process knows of everything that was invalidated before. What it returns is asked after the read:
   * true when Redis could be reached and heard all the time, so that nothing old has an excuse.
   */
  catchUp?(): Promise<() => boolean>;
  /** Invalidations that have returned and that other processes cannot know of yet. */
  untold?(): number;
  /** Counts for the report. */
  counts?(): Readonly<Record<string, number>>;
  close(): Promise<unknown>;
}

/** What an adapter file exports. */
export interface TortureAdapterModule {
  readonly createAdapter: (redis: TortureRedis, prefix: string) => Promise<TortureAdapter>;
}
