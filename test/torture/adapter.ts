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
 * Who judges the reads. `common` compares caches: it knows of each read only when it began, and of each invalidation only
 * when it returned. `strict` holds a cache to its own guarantees: it uses the rules that an adapter brings.
 */
export const JUDGEMENTS = ['strict', 'common'] as const;
export type Judgement = (typeof JUDGEMENTS)[number];

/**
 * A cache under torture. These methods are all that is needed, and all that the common judgement uses.
 * Write one for your cache and run it: `npm run torture -- --judgement common --adapter path/to/adapter.ts`.
 */
export interface TortureAdapter {
  /** Name and version, for the report. */
  readonly name: string;
  getOrSet(key: string, load: () => Promise<number>, options: TortureOptions): Promise<number>;
  get(key: string): Promise<number | undefined>;
  set(key: string, value: number, options: TortureOptions): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  invalidateTag(tag: string): Promise<unknown>;
  /** Counts for the report. */
  counts?(): Readonly<Record<string, number>>;
  close(): Promise<unknown>;
  readonly strict?: StrictRules;
}

/** What the strict judgement uses besides: further methods, a sharper barrier, and what the guarantees excuse. */
export interface StrictRules {
  /** In place of the plain one: with options that not every cache has. */
  getOrSet?(key: string, load: () => Promise<number>, options: TortureOptions): Promise<number>;
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
   * Resolves when this process knows of everything that was invalidated before. What it returns is asked after the read:
   * true when Redis could be reached and heard all the time, so that nothing old has an excuse.
   */
  catchUp?(): Promise<() => boolean>;
  /** Milliseconds for which a process that `catchUp` excuses may still answer what another one has invalidated. @default none */
  readonly graceMs?: number;
  /** Invalidations that have returned and that other processes cannot know of yet; the others are not blamed for those. */
  untold?(): number;
}

/** What an adapter file exports. */
export interface TortureAdapterModule {
  readonly createAdapter: (redis: TortureRedis, prefix: string) => Promise<TortureAdapter>;
}
