import { ROOT } from './generation.js';
import type { Invalidation, Selection, Store } from './store.js';

// Beyond this, one new root generation is cheaper than the list: it invalidates more, never less (G11).
const MAX_REMEMBERED = 10_000;

// A store gives one command little time (Redis 50 ms by default): it draws these in one or two, and 10,000 in about 50.
const AT_ONCE = 250;

/** A part of an invalidation that takes one command, or one walk over the keys. */
interface Step {
  readonly part: Invalidation;
  /** Tells the store; how many keys were removed. */
  readonly tell: (store: Store) => Promise<number>;
}

/** Generations first: they are what readers of many keys notice. */
function stepsOf({ ids = [], names = [], selections = [] }: Invalidation): Step[] {
  return [
    ...slices(names).map((some): Step => ({ part: { names: some }, tell: (store) => drawAll(store, some) })),
    ...slices(ids).map((some): Step => ({ part: { ids: some }, tell: (store) => store.delete(some) })),
    ...selections.map((one): Step => ({ part: { selections: [one] }, tell: (store) => store.sweep(one) })),
  ];
}

async function drawAll(store: Store, names: readonly string[]): Promise<0> {
  await store.draw(names, 'all');
  return 0;
}

function slices<T>(all: readonly T[]): (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, i) => all.slice(i * AT_ONCE, (i + 1) * AT_ONCE));
}

const sizeOf = ({ ids = [], names = [], selections = [] }: Invalidation): number =>
  ids.length + names.length + selections.length;

/** Carries an invalidation out; how many keys were removed. */
export async function carryOut(store: Store, invalidation: Invalidation): Promise<number> {
  let removed = 0;
  for (const { tell } of stepsOf(invalidation)) removed += await tell(store);
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
  /** How many have left the list to be told, and are not told yet. */
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
    while (this.#listed > 0) replayed += await this.#tell(store, this.#take());
    return replayed;
  }

  /** Everything that is listed, which it is no more. */
  #take(): Step[] {
    const steps = stepsOf({ ids: [...this.#ids], names: [...this.#names], selections: [...this.#selections.values()] });
    this.#telling = this.#listed;
    this.#clear();
    return steps;
  }

  async #tell(store: Store, steps: readonly Step[]): Promise<number> {
    let told = 0;
    let next = 0;
    try {
      for (; next < steps.length; next++) {
        const { part, tell } = steps[next] as Step;
        await tell(store);
        told += sizeOf(part);
        this.#telling -= sizeOf(part);
      }
      return told;
    } finally {
      this.#telling = 0;
      for (const { part } of steps.slice(next)) this.add(part);
    }
  }

  #clear(): void {
    this.#ids.clear();
    this.#names.clear();
    this.#selections.clear();
  }
}
