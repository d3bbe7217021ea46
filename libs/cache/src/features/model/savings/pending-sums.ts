import type { Posting } from '../../../core/tally.js';
import { addAmounts, type Amounts } from './amounts.js';

/** Where an amount belongs; account and model encoded as keys are. */
export interface Place {
  readonly day: string;
  readonly account: string;
  readonly model: string;
}

/** The sums of one account and day, by model. */
export interface PendingSheet extends Omit<Place, 'model'> {
  readonly models: Map<string, Map<string, number>>;
}

/** Names a model's sum in a sheet. An encoded model has no `|`, and no name of a sum has one. */
export const nameIn = (name: string, model: string): string => `${name}|${model}`;
export const sheetOf = ({ day, account }: Omit<Place, 'model'>): string => `${day}:${account}`;

/** Questions that sums are about. */
export const eventsIn = (sums: ReadonlyMap<string, number>): number =>
  (sums.get('calls') ?? 0) + (sums.get('hits') ?? 0);

/** Questions that amounts of sheets are about, of names as `nameIn` makes them. */
export function eventsOf(amounts: Posting['amounts'], names: Iterable<string> = amounts.keys()): number {
  let events = 0;
  for (const name of names) if (/^(calls|hits)\|/.test(name)) events += amounts.get(name) ?? 0;
  return events;
}

// Sorted once for many, so that a full ledger costs a question next to nothing.
const DROPPED_AT_ONCE = 0.1;

/** What was counted here and is not written yet: a bounded number of cells, one for each account, day and model. */
export class PendingSums {
  readonly #maxCells: number;
  readonly #sheets = new Map<string, PendingSheet>();
  #cells = 0;

  constructor(maxCells: number) {
    this.#maxCells = maxCells;
  }

  get cells(): number {
    return this.#cells;
  }

  *sheets(): Iterable<PendingSheet> {
    yield* this.#sheets.values();
  }

  /** `held`: cells that stand elsewhere and count as well. Returns how many questions had to make room. */
  add(place: Place, amounts: Amounts, held: number): number {
    const known = this.#sheets.get(sheetOf(place))?.models.get(place.model);
    if (known !== undefined) {
      addAmounts(known, amounts);
      return 0;
    }
    const dropped = this.#cells + held < this.#maxCells ? 0 : this.#dropLeast();
    const sums = new Map<string, number>();
    addAmounts(sums, amounts);
    if (this.#cells + held >= this.#maxCells) return dropped + eventsIn(sums);
    // Only now: room may have been made in the same sheet.
    const sheet = this.#sheets.get(sheetOf(place)) ?? { day: place.day, account: place.account, models: new Map() };
    this.#sheets.set(sheetOf(place), sheet);
    sheet.models.set(place.model, sums);
    this.#cells++;
    return dropped;
  }

  /** Hands a sheet over: it is not pending any more. */
  take(sheet: PendingSheet): Map<string, number> {
    this.#sheets.delete(sheetOf(sheet));
    this.#cells -= sheet.models.size;
    return flattened(sheet);
  }

  forget(account: string): void {
    for (const sheet of [...this.#sheets.values()]) if (sheet.account === account) this.take(sheet);
  }

  /** Drops the cells that tell least; the oldest of them first. */
  #dropLeast(): number {
    const cells = [...this.#sheets.values()].flatMap((sheet) =>
      [...sheet.models].map(([model, sums]) => ({ sheet, model, events: eventsIn(sums) })),
    );
    cells.sort((a, b) => a.events - b.events || a.sheet.day.localeCompare(b.sheet.day));
    let dropped = 0;
    for (const { sheet, model, events } of cells.slice(0, Math.max(1, Math.ceil(cells.length * DROPPED_AT_ONCE)))) {
      dropped += events;
      this.#cells--;
      sheet.models.delete(model);
      if (sheet.models.size === 0) this.#sheets.delete(sheetOf(sheet));
    }
    return dropped;
  }
}

/** The sums of a sheet by one name each. */
export function flattened({ models }: Pick<PendingSheet, 'models'>): Map<string, number> {
  const flat = new Map<string, number>();
  for (const [model, sums] of models) for (const [name, sum] of sums) flat.set(nameIn(name, model), sum);
  return flat;
}
