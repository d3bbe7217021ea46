import type { Entry, HeldEntry } from './entry.js';
import type { Sequence } from './generation.js';
import type { Token } from './token.js';
import type { Watch } from './watch.js';

/** Milliseconds for which it is known that a load failed: long enough to be seen by all who waited for it. */
export const FAILURE_MS = 1_000;

/** What a store holds under a key. */
export type Found =
  | { readonly kind: 'absent' }
  /** Nothing; a load has ended without a value a moment ago. */
  | { readonly kind: 'failed' }
  /** A load is in progress and there is no value; `afterFailure`: the load before it ended without one. */
  | { readonly kind: 'lease'; readonly holder: Token; readonly afterFailure: boolean }
  /** `holder`: of the lease, when somebody is refreshing it. */
  | { readonly kind: 'entry'; readonly entry: Entry; readonly holder: Token | undefined }
  | { readonly kind: 'counter'; readonly count: number }
  /** Written by somebody else, damaged, or in a format of the future. */
  | { readonly kind: 'foreign' };

export interface ReadQuery {
  readonly id: string;
  /** Generations to read together with the key. */
  readonly names: readonly string[];
  /** Also read where the sequence stands (for tags known only from the result). */
  readonly sequence?: boolean;
}

export interface Reading {
  readonly found: Found;
  /** In the order of the names; `undefined` where there is none. */
  readonly generations: readonly (string | undefined)[];
  readonly sequence: Sequence | undefined;
}

export interface Acquisition {
  readonly token: Token;
  readonly leaseMs: number;
  /** Version of the value the reader judged; `undefined` when it saw none. A different value refuses the lease. */
  readonly seen: Token | undefined;
  /** Leave the value that was seen beside the lease: it is stale, but some may still be served it. */
  readonly keep: boolean;
}

/** Which keys a sweep removes. */
export interface Selection {
  /** `undefined`: keys without a namespace; ignored when `everything` is set. */
  readonly namespace: string | undefined;
  /** Glob over the key as the caller wrote it. */
  readonly pattern: string;
  readonly everything?: boolean;
}

/** What an invalidation removes: keys, generations, and keys by pattern. */
export interface Invalidation {
  readonly ids?: readonly string[];
  readonly names?: readonly string[];
  readonly selections?: readonly Selection[];
}

/** What a transaction is about to invalidate. */
export interface Fenced {
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

export interface Drawn {
  readonly generations: readonly string[];
  /** Where the sequence stands now, and where it stood before: whoever saw it there knows that nothing was drawn since. */
  readonly sequence: Sequence;
  readonly previous: Sequence;
}

/** What somebody changed: entries, and names of generations. */
export interface Heard {
  readonly ids?: readonly string[];
  readonly names?: readonly string[];
}

/**
 * How a process hears of changes by others. `coherent`: of every change, from Redis itself. `bounded`: of what other
 * processes with this cache invalidate, from them; so its own tier keeps entries for a short time only. `deaf`: of
 * nothing at the moment; every read goes to Redis. `refused`: the server lets it hear nothing; every read goes to Redis.
 */
export type Coherence = 'coherent' | 'bounded' | 'deaf' | 'refused';

export type Listener = (heard: Heard | 'everything') => void;

/**
 * The port of the engine: one key, its lease, and generations. Every operation is atomic on its own; the engine needs no
 * more than that (docs: the coherence protocol, `test/model`). Whatever a store cannot do now it rejects with
 * `StoreUnavailableError`; it never answers with a guess.
 */
export interface Store {
  readonly kind: 'memory' | 'redis' | 'none';
  /** True while this process hears every invalidation by anyone: only then may a running flight be joined unasked. */
  readonly audible: boolean;
  /** How this process hears of changes; absent where it has no tier of its own before the store. */
  readonly coherence?: Coherence | undefined;
  /** Calls `listener` with what others changed, as far and as soon as this process hears of it. */
  listen(listener: Listener): void;
  /** Watches a key for a change; to be ended. */
  watch(id: string): Watch;
  /** Milliseconds on the store's own clock. */
  now(): number;
  /** The entry of this process's own tier, if there is one whose generations all stand. Never waits. */
  peek(id: string): HeldEntry | undefined;
  read(query: ReadQuery): Promise<Reading>;
  /** Takes the lease of a key (protocol rule 4). False: somebody holds it, or the key holds another value than was seen. */
  acquire(id: string, acquisition: Acquisition): Promise<boolean>;
  /** Takes the lease from whomever holds it and drops the value (rule 3). False: a fence holds it. */
  force(id: string, token: Token, leaseMs: number): Promise<boolean>;
  /** Extends a lease; false when it no longer stands. */
  renew(id: string, token: Token, leaseMs: number): Promise<boolean>;
  /** Gives a lease back; true when it still stood. */
  release(id: string, token: Token): Promise<boolean>;
  /** Gives a lease back after a load without a value, and leaves word of it for a moment, where there is no value. */
  fail(id: string, token: Token): Promise<boolean>;
  /** Writes the value and ends the lease, only if the lease still stands (rule 2). */
  fill(id: string, token: Token, entry: Entry): Promise<boolean>;
  /** Removes keys with value and lease; the number of keys that held something. */
  delete(ids: readonly string[]): Promise<number>;
  /** Draws new generations: for names that have none (`missing`), or for all of them, which is how one invalidates. */
  draw(names: readonly string[], which: 'missing' | 'all'): Promise<Drawn>;
  /**
   * Invalidates keys and generations, and lets nothing be stored that depends on them, until `lift` was called as often as this, or
   * for `ms` (protocol rule 15). A store that ends with its process need not keep anything from being stored.
   */
  fence(fenced: Fenced, ms: number): Promise<void>;
  /** Ends one `fence`, and invalidates. */
  lift(fenced: Fenced): Promise<void>;
  /** Drops what this process holds of it: for an invalidation that the store could not be told. Never waits. */
  forget(invalidation: Invalidation): void;
  /** Removes every key of a selection that exists while it runs. Costs a walk over the keys. */
  sweep(selection: Selection): Promise<number>;
  /** Adds to a plain integer. `ttlMs` is set with the first increment only. */
  increment(id: string, by: number, ttlMs: number | undefined): Promise<number>;
  /** Entries and counters held, and the bytes used. Costs a walk over the keys. */
  usage(): Promise<{ keys: number; memory: number }>;
}
