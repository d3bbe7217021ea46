import { ROOT } from './generation.js';
import type { Invalidation, Selection, Store } from './store.js';

// Beyond this, one new root generation is cheaper than the list: it invalidates more, never less (G11).
export const MAX_REMEMBERED = 10_000;

/** Carries an invalidation out. Generations first: they are what readers of many keys notice. */
export async function carryOut(store: Store, { ids = [], names = [], selections = [] }: Invalidation): Promise<number> {
  let removed = 0;
  if (names.length > 0) await store.draw(names, 'all');
  if (ids.length > 0) removed += await store.delete(ids);
  for (const selection of selections) removed += await store.sweep(selection);
  return removed;
}

/**
 * Invalidations the store could not be told yet (G11, protocol rule 13). Only deletes and new generations are
 * remembered, never values: a value that is written late would bring old data back, a delete only costs a load.
 * Bounded: on overflow everything is replaced by one new root generation.
 */
export class Backlog {
  readonly #ids = new Set<string>();
  readonly #names = new Set<string>();
  readonly #selections = new Map<string, Selection>();
  readonly #limit: number;
  /** How many are being told at the moment. */
  #telling = 0;

  constructor(limit = MAX_REMEMBERED) {
    this.#limit = limit;
  }

  /** Invalidations the store does not surely know of, those included that it is being told. */
  get size(): number {
    return this.#listed + this.#telling;
  }

  get #listed(): number {
    return this.#ids.size + this.#names.size + this.#selections.size;
  }

  add({ ids = [], names = [], selections = [] }: Invalidation): void {
    if (this.#names.has(ROOT)) return;
    for (const id of ids) this.#ids.add(id);
    for (const name of names) this.#names.add(name);
    for (const selection of selections) this.#selections.set(JSON.stringify(selection), selection);
    if (this.#listed > this.#limit || this.#names.has(ROOT)) {
      this.#clear();
      this.#names.add(ROOT);
    }
  }

  /** Tells the store everything; what was added meanwhile, or could not be told, stays. Returns how much was told. */
  async replay(store: Store): Promise<number> {
    let replayed = 0;
    while (this.#listed > 0) {
      this.#telling = this.#listed;
      const told = { ids: [...this.#ids], names: [...this.#names], selections: [...this.#selections.values()] };
      this.#clear();
      try {
        await carryOut(store, told);
      } catch (error) {
        this.add(told);
        throw error;
      } finally {
        this.#telling = 0;
      }
      replayed += told.ids.length + told.names.length + told.selections.length;
    }
    return replayed;
  }

  #clear(): void {
    this.#ids.clear();
    this.#names.clear();
    this.#selections.clear();
  }
}
