/** A row of a journal. */
export interface JournalRow {
  /** Where it stands; later rows have greater ones. */
  readonly id: string;
  readonly row: Buffer;
}

/** Before the first row. */
export const JOURNAL_START = '0-0';

/**
 * The port for lists to which processes add, and which each of them follows: rows in one order for all, a bound at which the oldest go.
 * Whatever a store cannot do now it rejects with `StoreUnavailableError`.
 */
export interface Journal {
  /** Whether rows are kept at all; without, each process is on its own. */
  readonly kept: boolean;
  append(key: string, row: Uint8Array, most: number): Promise<void>;
  /** Rows behind a position, the oldest first, a page at a time; none when there are no more. */
  since(key: string, position: string): Promise<readonly JournalRow[]>;
}

/** A vector that a server has found, and what was stored with it. */
export interface FoundVector {
  readonly name: string;
  /** From -1 to 1. */
  readonly cosine: number;
  readonly attributes: string;
}

/** The port for sets of vectors that are searched where they are. */
export interface VectorSets {
  /** Whether the server has them, found out by asking it for one. */
  available(): Promise<boolean>;
  /** Adds or replaces. At the bound another one goes, at random. */
  add(key: string, vector: { name: string; values: Float32Array; attributes: string }, most: number): Promise<void>;
  /** The most similar first, among those whose attribute `exact` is this. */
  nearest(key: string, query: { values: Float32Array; exact: string; count: number }): Promise<readonly FoundVector[]>;
}

/** Where the semantic tier keeps what it learns. */
export interface SemanticStores {
  readonly journal: Journal;
  readonly vectorSets: VectorSets;
}

/** Nothing is kept: what a process learns is its own. */
export const NO_STORES: SemanticStores = Object.freeze({
  journal: {
    kept: false,
    append: () => Promise.resolve(),
    since: () => Promise.resolve([]),
  },
  vectorSets: {
    available: () => Promise.resolve(false),
    add: () => Promise.resolve(),
    nearest: () => Promise.resolve([]),
  },
});
