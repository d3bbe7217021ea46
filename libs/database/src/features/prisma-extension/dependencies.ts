import type { DataModel } from './data-model.js';

/**
 * What answers depend on, and what writes change, in terms of three kinds of tags:
 *
 * - `Document`: some document. Lists, counts and everything that reads documents beside others have it; every write of any document
 *   voids it.
 * - `Document#42`: this document. What was found by its id has it; writes of this document void it.
 * - `Document#`: every single document. What was found by an id has it as well; writes void it when nobody knows which documents
 *   they changed.
 *
 * So a write of one document leaves all others that were found by their ids. Where the arguments leave anything open, more is voided,
 * never less.
 */
export interface Dependencies {
  readonly model: DataModel;
  /** What else a delete of a model deletes or changes in the database. */
  readonly onDelete: (model: string) => Iterable<string>;
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

export const some = (model: string): string => model;
export const single = (model: string): string => `${model}#`;
/** A database may know one id in several spellings: a UUID in capitals, in braces or without hyphens, text that ignores case. */
const one = (model: string, id: string | number | bigint): string =>
  `${model}#${String(id).trim().toLowerCase().replace(/[-{}]/g, '')}`;

/** The same tags with whole models for single records: when there are too many to name. */
export const byModel = (tags: Iterable<string>): string[] => [
  ...new Set([...tags].map((tag) => tag.replace(/#.+/s, '#'))),
];

/** Longer tags are refused by caches; an id this long is then any document. */
const LONGEST_ID = 128;

/** Whether a tag can be made of an id. */
const fitsTag = (id: unknown): id is string | number | bigint =>
  ['string', 'number', 'bigint'].includes(typeof id) && String(id).length <= LONGEST_ID;

/** Tags of an answer. */
export function tagsOfRead({ model: data }: Dependencies, model: string, operation: string, args: Fields): string[] {
  const beside = new Set<string>();
  visitRelations(data, model, args, (other) => beside.add(other));
  const id = operation.startsWith('findUnique') && isObject(args.where) ? args.where.id : undefined;
  if (data.identifies(model) && fitsTag(id)) {
    return [one(model, id), single(model), ...[...beside].map(some)];
  }
  return [...new Set([model, ...beside])].map(some);
}

/** Tags that a write makes void; `result` is what it returned, `undefined` when nobody knows. */
export function tagsOfWrite(
  { model: data, onDelete }: Dependencies,
  { model, operation, args, result }: { model: string; operation: string; args: Fields; result?: unknown },
): string[] {
  const tags = new Set([some(model)]);
  const all = (other: string): void => void tags.add(some(other)).add(single(other));
  const ids = MANY.test(operation) || !data.identifies(model) ? undefined : idsOfWrite(operation, args, result);
  if (ids === undefined) all(model);
  else for (const id of ids) tags.add(one(model, id));
  if (operation.startsWith('delete') || changesId(operation, args)) for (const other of onDelete(model)) all(other);
  visitRelations(data, model, writtenBy(args), (other, change) => {
    all(other);
    if (reachesFurther(change)) for (const each of onDelete(other)) all(each);
  });
  return [...tags];
}

/** Tags of everything about these models. */
export const tagsOfModels = (models: Iterable<string>): string[] =>
  [...models].flatMap((model) => [some(model), single(model)]);

const MANY = /Many/;

const writtenBy = ({ data, create, update }: Fields): unknown[] => [data, create, update];

/** Whether a nested write deletes, or changes an id: the database may do more then. */
const reachesFurther = (change: unknown): boolean => {
  if (!isObject(change)) return false;
  if ('delete' in change || 'deleteMany' in change) return true;
  const changed = [change.update, change.updateMany, change.upsert].flat().filter(isObject);
  // With a `where` the fields are in `data`, or in `update` of an upsert.
  return changed.some((part) => [part, part.data, part.update].some((fields) => isObject(fields) && 'id' in fields));
};

/** The database changes what refers to a row when its id changes. */
const changesId = (operation: string, { data, update }: Fields): boolean => {
  const written = operation.startsWith('update') ? data : operation === 'upsert' ? update : undefined;
  return isObject(written) && 'id' in written;
};

/** Ids of the one row that is written; `undefined` when they are not all known. */
function idsOfWrite(operation: string, args: Fields, result: unknown): (string | number | bigint)[] | undefined {
  const where = isObject(args.where) ? args.where.id : undefined;
  const found = isObject(result) ? result.id : undefined;
  if (changesId(operation, args) || (operation === 'upsert' && found === undefined)) return undefined;
  // A new row was not there before: what was found under its id is all that there is to void.
  const ids = (operation === 'create' ? [found ?? idIn(args.data)] : [where, found]).filter((id) => id !== undefined);
  const known = ids.length > 0 && ids.every(fitsTag);
  // By another unique field, and without the id in what it returns, nobody knows which row it was.
  return known ? ids : undefined;
}

const idIn = (data: unknown): unknown => (isObject(data) ? data.id : undefined);

/** Calls `visit` with every model that arguments reach through a relation, and with what is said of it. */
function visitRelations(
  data: DataModel,
  model: string,
  value: unknown,
  visit: (other: string, said: unknown) => void,
): void {
  if (Array.isArray(value)) {
    for (const part of value) visitRelations(data, model, part, visit);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined || part === false) continue;
    const other = data.relation(model, key);
    // Counting all relations names none of them.
    if (key === '_count' && part === true) for (const each of data.related(model)) visit(each, part);
    if (other !== undefined) visit(other, part);
    visitRelations(data, other ?? model, part, visit);
  }
}
