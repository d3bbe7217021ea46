import { changesOf, type Fields, isObject } from './changes.js';
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
 * So a write of one document leaves all others that were found by their ids. A delete, or the change of a key, goes on to whatever is
 * connected with the model, because the database may do so. Where the arguments leave anything open, more is voided, never less.
 */
export interface Dependencies {
  readonly model: DataModel;
  /** What else a delete of a model deletes or changes in the database. */
  readonly onDelete: (model: string) => Iterable<string>;
}

export const some = (model: string): string => model;
export const single = (model: string): string => `${model}#`;
const one = (model: string, id: string): string => `${model}#${id}`;

/** The same tags with whole models for single records: when there are too many to name. */
export const byModel = (tags: Iterable<string>): string[] => [
  ...new Set([...tags].map((tag) => tag.replace(/#.+/s, '#'))),
];

/** Longer tags are refused by caches; an id this long is then any document. */
const LONGEST_ID = 128;

/**
 * An id as a tag has it. Databases take ids for equal that are written differently: a UUID with capitals or without hyphens, text
 * without regard to case, or padded. What they can tell apart may be one tag: it only voids more.
 */
function foldId(id: unknown): string | undefined {
  if (!['string', 'number', 'bigint'].includes(typeof id)) return undefined;
  const folded = String(id)
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
  return folded.length <= LONGEST_ID ? folded : undefined;
}

/** Tags of an answer. */
export function tagsOfRead({ model: data }: Dependencies, model: string, operation: string, args: Fields): string[] {
  const beside = modelsNamedBy(data, model, args);
  const where = operation.startsWith('findUnique') && data.identifies(model) ? args.where : undefined;
  const id = foldId(idIn(where));
  if (id !== undefined) return [one(model, id), single(model), ...[...beside].map(some)];
  return [...new Set([model, ...beside])].map(some);
}

/** Tags that a write makes void; `result` is what it returned, `undefined` when nobody knows. */
export function tagsOfWrite(
  { model: data, onDelete }: Dependencies,
  { model, operation, args, result }: { model: string; operation: string; args: Fields; result?: unknown },
): string[] {
  const tags = new Set([some(model)]);
  const all = (models: Iterable<string>): void => {
    for (const tag of tagsOfModels(models)) tags.add(tag);
  };
  const ids = MANY.test(operation) || !data.identifies(model) ? undefined : idsOfWrite(operation, args, result);
  if (ids === undefined) all([model]);
  else for (const id of ids) tags.add(one(model, id));
  if (operation.startsWith('delete')) all(onDelete(model));
  const { touched, deleted, keys } = changesOf(data, model, operation, args);
  all(touched);
  for (const each of deleted) all(onDelete(each));
  if (keys) all(data.connected(model));
  return [...tags];
}

/** Tags of everything about these models. */
export const tagsOfModels = (models: Iterable<string>): string[] =>
  [...models].flatMap((model) => [some(model), single(model)]);

const MANY = /Many/;

const idIn = (row: unknown): unknown => (isObject(row) ? row.id : undefined);

/** Ids of the one row that is written; `undefined` when they are not all known. */
function idsOfWrite(operation: string, args: Fields, result: unknown): readonly string[] | undefined {
  const [where, found] = [idIn(args.where), idIn(result)];
  // Nobody knows whether it was created, and under which id.
  if (operation === 'upsert' && found === undefined) return undefined;
  // A new row was not there before: what was found under its id is all that there is to void.
  const ids = (operation === 'create' ? [found ?? idIn(args.data)] : [where, found]).filter((id) => id !== undefined);
  const folded = ids.map(foldId).filter((id) => id !== undefined);
  // By another unique field, and without the id in what it returns, nobody knows which row it was.
  return folded.length > 0 && folded.length === ids.length ? folded : undefined;
}

/**
 * The models behind relations that arguments name, wherever and to whatever end they do: a field of that name in any of the models that
 * were found so far is one.
 */
function modelsNamedBy(data: DataModel, model: string, args: unknown): Set<string> {
  const names = new Map<string, unknown>();
  collectNames(args, names);
  const found = new Set<string>();
  const waiting = [model];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const others = [...names.keys()].flatMap((name) => data.relation(next, name) ?? []);
    // Counting all relations names none of them.
    if (names.get('_count') === true) others.push(...data.related(next));
    for (const other of others) {
      if (!found.has(other)) waiting.push(other);
      found.add(other);
    }
  }
  return found;
}

function collectNames(value: unknown, names: Map<string, unknown>): void {
  if (!isObject(value) || ArrayBuffer.isView(value)) return;
  for (const [name, part] of Object.entries(value)) {
    if (part === undefined || part === false) continue;
    if (part === true || !names.has(name)) names.set(name, part);
    collectNames(part, names);
  }
}
