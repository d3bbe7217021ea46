import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '@mobius1/kernel';
import { type Posting, type Sheet, type Tally, TALLY_BOUNDS, type TallyBounds } from '../core/tally.js';
import type { Token } from '../core/token.js';

interface HeldSheet {
  readonly day: string;
  readonly account: string;
  readonly sums: Map<string, number>;
  readonly written: Map<Token, number>;
  until: number;
}

// A workspace that is active all days of the default retention has 400 sheets of a few hundred bytes.
const MAX_SHEETS = 10_000;

/** The tally of a single process; bounded, the least recently used sheets go first. */
export class MemoryTally implements Tally {
  readonly #clock: Clock;
  readonly #bounds: Required<TallyBounds>;
  readonly #sheets = new LRUCache<string, HeldSheet>({ max: MAX_SHEETS });

  constructor(clock: Clock = systemClock, bounds: TallyBounds = {}) {
    this.#clock = clock;
    this.#bounds = { ...TALLY_BOUNDS, ...bounds };
  }

  async add({ day, account, writer, number, amounts, keepMs }: Posting): Promise<readonly string[]> {
    const fresh: HeldSheet = { day, account, sums: new Map(), written: new Map(), until: 0 };
    const sheet = this.#live(day, account) ?? fresh;
    if (number <= (sheet.written.get(writer) ?? -1)) return [];
    sheet.written.set(writer, number);
    sheet.until = this.#clock.now() + keepMs;
    this.#sheets.set(nameOf(day, account), sheet);
    const left: string[] = [];
    for (const [name, amount] of amounts) {
      const sum = sheet.sums.get(name);
      if (sum === undefined && sheet.sums.size >= this.#bounds.maxNames) left.push(name);
      else sheet.sums.set(name, Math.min((sum ?? 0) + amount, Number.MAX_SAFE_INTEGER));
    }
    return left;
  }

  async accounts(day: string): Promise<{ accounts: readonly string[]; all: boolean }> {
    const accounts: string[] = [];
    for (const sheet of [...this.#sheets.values()]) {
      if (sheet.day === day && this.#live(day, sheet.account) !== undefined) accounts.push(sheet.account);
    }
    const { maxAccounts } = this.#bounds;
    return { accounts: accounts.slice(0, maxAccounts), all: accounts.length < maxAccounts };
  }

  async read(day: string, account: string): Promise<Sheet> {
    const sheet = this.#live(day, account);
    return { sums: new Map(sheet?.sums), written: new Map(sheet?.written) };
  }

  async erase(account: string): Promise<void> {
    for (const [name, sheet] of [...this.#sheets.entries()]) {
      if (sheet.account === account) this.#sheets.delete(name);
    }
  }

  #live(day: string, account: string): HeldSheet | undefined {
    const name = nameOf(day, account);
    const sheet = this.#sheets.get(name);
    if (sheet === undefined || this.#clock.now() < sheet.until) return sheet;
    this.#sheets.delete(name);
    return undefined;
  }
}

const nameOf = (day: string, account: string): string => `${day}:${account}`;
