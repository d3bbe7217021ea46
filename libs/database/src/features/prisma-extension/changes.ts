import type { DataModel } from './data-model.js';

export type Fields = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** Of a new row, such a relation takes no row from another. */
const onlyCreates = (operations: unknown): boolean =>
  isObject(operations) && Object.keys(operations).every((name) => name === 'create' || name === 'createMany');

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** What the arguments of a write say of it. */
export interface Changes {
  /** The models that nested writes reach. */
  readonly touched: ReadonlySet<string>;
  /** Those of which a nested write deletes rows. */
  readonly deleted: ReadonlySet<string>;
  /** Whether a key of a row changes that was there before, or a write is not understood. */
  readonly keys: boolean;
}

/** Reads Prisma's nested writes: rows whose fields are data, or relations with operations on the rows behind them. */
export function changesOf(data: DataModel, model: string, operation: string, args: Fields): Changes {
  const reader = new ChangeReader(data);
  if (operation.startsWith('create')) reader.rows(model, args.data, 'new');
  else if (operation.startsWith('update')) reader.rows(model, args.data, 'old');
  else if (operation === 'upsert') {
    reader.rows(model, args.create, 'new');
    reader.rows(model, args.update, 'old');
  } else if (!operation.startsWith('delete')) reader.keys = true;
  return reader;
}

class ChangeReader implements Changes {
  readonly touched = new Set<string>();
  readonly deleted = new Set<string>();
  keys = false;
  readonly #data: DataModel;

  constructor(data: DataModel) {
    this.#data = data;
  }

  /** Nothing refers to a `new` row yet, so its keys are like other fields. */
  rows(model: string, rows: unknown, age: 'new' | 'old'): void {
    for (const row of listOf(rows)) {
      if (!isObject(row)) continue;
      for (const [name, value] of Object.entries(row)) {
        if (value === undefined) continue;
        if (age === 'old' && this.#data.isKey(model, name)) this.keys = true;
        if (this.#data.hasKeyBehind(model, name) && (age === 'old' || !onlyCreates(value))) this.keys = true;
        const other = this.#data.relation(model, name);
        if (other !== undefined) this.#nested(other, value);
      }
    }
  }

  #nested(model: string, operations: unknown): void {
    this.touched.add(model);
    for (const each of listOf(operations)) {
      if (isObject(each)) for (const [name, value] of Object.entries(each)) this.#one(model, name, value);
    }
  }

  #one(model: string, operation: string, value: unknown): void {
    switch (operation) {
      case 'connect':
      case 'disconnect':
      case 'set':
        return;
      case 'delete':
      case 'deleteMany':
        this.deleted.add(model);
        return;
      case 'create':
        this.rows(model, value, 'new');
        return;
      case 'createMany':
        this.#parts(model, value, { data: 'new' });
        return;
      case 'connectOrCreate':
        this.#parts(model, value, { create: 'new' });
        return;
      case 'upsert':
        this.#parts(model, value, { create: 'new', update: 'old' });
        return;
      case 'update':
      case 'updateMany':
        // One row behind a relation is updated without `data`, too; `data` may also be a field of it.
        this.rows(model, value, 'old');
        this.#parts(model, value, { data: 'old' });
        return;
      default:
        this.keys = true;
    }
  }

  #parts(model: string, value: unknown, parts: Readonly<Record<string, 'new' | 'old'>>): void {
    for (const each of listOf(value)) {
      if (isObject(each)) for (const [name, age] of Object.entries(parts)) this.rows(model, each[name], age);
    }
  }
}
