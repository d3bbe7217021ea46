import { type Clock, type Timer, withDeadline } from '@mobius1/kernel';
import { StoreUnavailableError } from '../../../core/errors.js';
import { fewAtATime } from '../../../core/few-at-a-time.js';
import { encodeKey } from '../../../core/key.js';
import type { Posting, Tally } from '../../../core/tally.js';
import { newToken } from '../../../core/token.js';
import type { KeyPart } from '../../manager/cache-keys.js';
import type { ModelMetadata } from '../admission.js';
import type { ModelAccount } from '../model-key.js';
import type { StoredHit } from '../model-types.js';
import { addAmounts, type Amounts, amountsOfCall, amountsOfHit, countsOf, type SavingsCounts } from './amounts.js';
import { eventsOf, flattened, PendingSums, sheetOf } from './pending-sums.js';
import { type Cost, costOf, type PriceTable } from './prices.js';
import { type ResolvedSavings, SAVINGS_DEFAULTS } from './savings-options.js';
import { dayOf, resolveQuery, type Savings, type SavingsQuery, SavingsReport } from './savings-report.js';
import { readSheets } from './savings-sheets.js';
import { tokensOf } from './tokens.js';

/** What the ledger depends on. */
export interface LedgerParts {
  readonly tally: Tally;
  readonly clock: Clock;
  readonly prices: PriceTable | undefined;
  /** `false`: none is kept. */
  readonly savings: ResolvedSavings | false;
}

// Cells of a few hundred bytes: some megabytes at most.
const MAX_CELLS = 10_000;
// Well before the bound, and seldom enough.
const FLUSH_AT = 1_000;
const WRITTEN_AT_ONCE = 32;
const MAX_ERASURES = 1_000;
const DAY_MS = 86_400_000;

type Sent = Posting & { readonly cells: number };

/**
 * What inferences cost and hits saved, by workspace, model and day (UTC), in all processes.
 *
 * A question only adds to numbers in memory; every few seconds what came together is written, one posting for each workspace and
 * day. A posting that is not confirmed may have been written all the same. So it stays as it is, is sent again under the same
 * number, which the tally adds once, and what is counted meanwhile waits for the next: nothing is lost and nothing counts twice
 * while the store comes and goes. Reports and writes take turns, so that a report sees every amount either in the store or here.
 * What finds no room here while the store is away, is counted as `unrecorded`: what tells least goes first.
 */
export class SavingsLedger {
  readonly #tally: Tally;
  readonly #clock: Clock;
  readonly #writer = newToken();
  readonly #totals = new Map<string, number>();
  readonly #pending: PendingSums;
  readonly #maxCells: number;
  /** By sheet: not confirmed yet. */
  readonly #sent = new Map<string, Sent>();
  /** Workspaces that the store was not told to forget yet. */
  readonly #erasures = new Set<string>();
  #prices: PriceTable | undefined;
  #savings: ResolvedSavings | false;
  #sentCells = 0;
  #number = 0;
  #unrecorded = 0;
  #timer: Timer | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;
  #failing = false;
  #closed = false;
  #day = { number: NaN, name: '' };

  constructor({ tally, clock, prices, savings }: LedgerParts, { maxCells = MAX_CELLS } = {}) {
    this.#tally = tally;
    this.#clock = clock;
    this.#prices = prices;
    this.#savings = savings;
    this.#maxCells = maxCells;
    this.#pending = new PendingSums(maxCells);
  }

  /** From now on; what is recorded keeps its price. */
  configure({ prices, savings }: Pick<LedgerParts, 'prices' | 'savings'>): void {
    this.#prices = prices;
    this.#savings = savings;
  }

  /** What an answer costs by the prices of now. */
  costOf(modelId: string, metadata: ModelMetadata): Cost | undefined {
    return costOf(this.#prices, modelId, tokensOf(metadata));
  }

  /** An inference ran. */
  called(account: ModelAccount, cost: Cost | undefined): void {
    this.#record(account, amountsOfCall(cost));
  }

  /** A question was answered without one. */
  hit(account: ModelAccount, hit: StoredHit, answer: { metadata: ModelMetadata; cost?: Cost | undefined }): void {
    this.#record(account, amountsOfHit(hit, answer.metadata, answer.cost));
  }

  /** Of this process since its start, with what was not recorded and what is not written yet. */
  get facts(): SavingsFacts {
    return {
      ...countsOf(this.#totals),
      currency: this.#prices?.currency,
      unrecorded: this.#unrecorded,
      pending: this.#pending.cells + this.#sentCells,
    };
  }

  /** @throws InvalidOptionsError, InvalidKeyError */
  async report(query: SavingsQuery = {}): Promise<Savings> {
    const resolved = resolveQuery(query, this.#clock.now());
    await this.flush();
    return this.#inTurn(async () => {
      const report = new SavingsReport(resolved);
      const found = await readSheets(this.#tally, resolved, (sheet) => {
        if (this.#erasures.has(sheet.account)) return;
        const sent = this.#sent.get(sheetOf(sheet));
        if (sent !== undefined && sent.number <= (sheet.written.get(this.#writer) ?? -1)) this.#confirm(sent);
        report.add(sheet.day, sheet.account, sheet.sums);
      });
      const missing = this.#savings === false ? 'off' : found;
      const asked = ({ day, account }: { day: string; account: string }): boolean =>
        resolved.from <= day && day <= resolved.to && (resolved.account ?? account) === account;
      for (const sent of this.#sent.values()) if (asked(sent)) report.add(sent.day, sent.account, sent.amounts);
      for (const sheet of this.#pending.sheets())
        if (asked(sheet)) report.add(sheet.day, sheet.account, flattened(sheet));
      return {
        ...report.result(),
        complete: missing === undefined,
        ...(missing === undefined ? {} : { missing }),
        unrecorded: this.#unrecorded,
      };
    });
  }

  /** Forgets a workspace, here and in the store; while that cannot be reached, it is made up for later. @throws StoreUnavailableError when too many wait */
  async erase(workspaceId: KeyPart): Promise<void> {
    const account = encodeKey(String(workspaceId));
    await this.#inTurn(async () => {
      this.#pending.forget(account);
      for (const sent of [...this.#sent.values()]) if (sent.account === account) this.#confirm(sent);
      if (!this.#erasures.has(account) && this.#erasures.size >= MAX_ERASURES)
        throw new StoreUnavailableError('The ledger of savings', `${MAX_ERASURES} erasures wait already`);
      this.#erasures.add(account);
    });
    await this.flush();
  }

  /** Writes what is pending, as far as the store answers. Never rejects. */
  flush(): Promise<void> {
    // Whoever asks before it has begun is served by it.
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return this.#write();
    });
    return this.#next;
  }

  /** Writes what is pending, within `ms`. */
  async close(ms: number): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    await withDeadline(this.flush(), ms, () => new Error('late'), this.#clock).catch(() => undefined);
  }

  #record({ workspaceId, modelId }: ModelAccount, amounts: Amounts): void {
    addAmounts(this.#totals, amounts);
    if (this.#savings === false) return;
    const place = placeOf(workspaceId, modelId, this.#today);
    const full = place === undefined ? 1 : this.#pending.add(place, amounts, this.#sentCells);
    this.#unrecorded += full;
    if (this.#closed) return;
    if (this.#pending.cells >= Math.min(FLUSH_AT, this.#maxCells) && !this.#failing) void this.flush();
    else this.#flushLater();
  }

  get #today(): string {
    const number = Math.floor(this.#clock.now() / DAY_MS);
    if (number !== this.#day.number) this.#day = { number, name: dayOf(number * DAY_MS) };
    return this.#day.name;
  }

  #flushLater(): void {
    if (this.#timer !== undefined || this.#closed) return;
    const { flushInterval } = this.#savings || SAVINGS_DEFAULTS;
    this.#timer = this.#clock.schedule(() => {
      this.#timer = undefined;
      void this.flush();
    }, flushInterval);
  }

  async #write(): Promise<void> {
    await fewAtATime([...this.#erasures], 1, (account) => this.#eraseFromStore(account));
    const owing = this.#sent.size > 0;
    await this.#sendAll();
    // What had to wait for postings from before has its turn now.
    if (owing && this.#sent.size === 0) await this.#sendAll();
    this.#failing = this.#erasures.size > 0 || this.#sent.size > 0;
    if (this.#failing) this.#flushLater();
  }

  async #sendAll(): Promise<void> {
    this.#takePending();
    await fewAtATime([...this.#sent.values()], WRITTEN_AT_ONCE, (one) => this.#send(one));
  }

  async #eraseFromStore(account: string): Promise<boolean> {
    try {
      await this.#tally.erase(account);
      return this.#erasures.delete(account);
    } catch {
      return false; // tried again next time
    }
  }

  /** What was sent and is not confirmed stays as it is; sums of its sheets wait. */
  #takePending(): void {
    const { retentionMs: keepMs } = this.#savings || SAVINGS_DEFAULTS;
    for (const sheet of [...this.#pending.sheets()]) {
      if (this.#sent.has(sheetOf(sheet)) || this.#erasures.has(sheet.account)) continue;
      const { day, account } = sheet;
      const cells = sheet.models.size;
      const amounts = this.#pending.take(sheet);
      this.#sent.set(sheetOf(sheet), {
        day,
        account,
        cells,
        amounts,
        keepMs,
        writer: this.#writer,
        number: ++this.#number,
      });
      this.#sentCells += cells;
    }
  }

  async #send(sent: Sent): Promise<boolean> {
    try {
      const left = await this.#tally.add(sent);
      this.#unrecorded += eventsOf(sent.amounts, left);
      this.#confirm(sent);
      return true;
    } catch {
      return false; // sent again next time
    }
  }

  #confirm(sent: Sent): void {
    if (this.#sent.delete(sheetOf(sent))) this.#sentCells -= sent.cells;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/** What a ledger counted in this process. */
export interface SavingsFacts extends SavingsCounts {
  /** That of the prices. */
  readonly currency: string | undefined;
  readonly unrecorded: number;
  /** Cells that are not written yet. */
  readonly pending: number;
}

/** `undefined` for ids that no key is made of. */
function placeOf(workspaceId: KeyPart, modelId: string, day: string) {
  try {
    return { day, account: encodeKey(String(workspaceId)), model: encodeKey(modelId) };
  } catch {
    return undefined;
  }
}
