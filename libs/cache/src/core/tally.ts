import type { Token } from './token.js';

/** What one writer adds to one sheet: amounts by name. */
export interface Posting {
  /** UTC: `2026-01-31`. */
  readonly day: string;
  /** Whose sheet it is, encoded as a key is. */
  readonly account: string;
  readonly writer: Token;
  /** Grows with every posting of a writer: one that comes a second time, or late, is not added. */
  readonly number: number;
  /** Whole numbers, 0 or more. */
  readonly amounts: ReadonlyMap<string, number>;
  /** Milliseconds for which the sheet is kept from now on. */
  readonly keepMs: number;
}

/** Sums of one account on one day. */
export interface Sheet {
  readonly sums: ReadonlyMap<string, number>;
  /** The number of the last posting, by writer; of those who wrote lately. */
  readonly written: ReadonlyMap<Token, number>;
}

/**
 * Keeps sums by day and account. Every operation is atomic for one sheet. What it cannot do now it rejects with
 * `StoreUnavailableError`; an `add` that was rejected may have been carried out all the same, or be carried out later: whoever
 * repeats it with the same number has it counted once.
 */
export interface Tally {
  /** Adds, once. Resolves with the names for which the sheet had no room. */
  add(posting: Posting): Promise<readonly string[]>;
  /** Who has a sheet of a day; `all`: whether that is everybody. */
  accounts(day: string): Promise<{ readonly accounts: readonly string[]; readonly all: boolean }>;
  /** A sheet; an empty one when there is none. */
  read(day: string, account: string): Promise<Sheet>;
  /** Removes every sheet of an account. May cost a walk over the keys. */
  erase(account: string): Promise<void>;
}

/** What a tally holds at most. */
export interface TallyBounds {
  /** Names in a sheet. @default 10_000 */
  readonly maxNames?: number;
  /** Accounts that a day can enumerate. @default 10_000 */
  readonly maxAccounts?: number;
}

/** A sheet of 10,000 names is read in a few milliseconds of server time; nobody has as many models. */
export const TALLY_BOUNDS = Object.freeze({ maxNames: 10_000, maxAccounts: 10_000 });

/** Keeps nothing. */
export const NO_TALLY: Tally = Object.freeze({
  add: () => Promise.resolve([]),
  accounts: () => Promise.resolve({ accounts: [], all: true }),
  read: () => Promise.resolve({ sums: new Map(), written: new Map() }),
  erase: () => Promise.resolve(),
});
