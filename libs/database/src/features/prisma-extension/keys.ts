import type { DeclaredField } from './declared-fields.js';
import type { RuntimeDataModel, RuntimeField } from './runtime-data-model.js';

type Models = RuntimeDataModel['models'];
type Declared = ReadonlyMap<string, DeclaredField>;

/** What is more than plain data in a model, by the names of its fields. */
export interface Keys {
  /** `id`, fields that a foreign key refers to, and relations by which such a field is written without naming it. */
  readonly own: ReadonlySet<string>;
  /** Relations by which a key of the rows behind them is written. */
  readonly behind: ReadonlySet<string>;
}

/** One end of a relation. */
interface End {
  readonly model: string;
  readonly field: RuntimeField;
}

/** `fields` of the model at one end refer to `references` of the model at the other. */
interface ForeignKey {
  readonly from: End;
  readonly to: End;
  readonly fields: readonly string[];
  readonly references: readonly string[];
}

export function keysOf(models: Models, declared: Declared): ReadonlyMap<string, Keys> {
  const keys = new Map(
    Object.keys(models).map((model) => [model, { own: new Set(['id']), behind: new Set<string>() }]),
  );
  const foreignKeys = relationsOf(models).flatMap((ends) => foreignKeysOf(ends, models, declared));
  for (const { to, references } of foreignKeys) for (const name of references) keys.get(to.model)?.own.add(name);
  for (const { from, fields, to } of foreignKeys) {
    if (!fields.some((name) => keys.get(from.model)?.own.has(name))) continue;
    keys.get(from.model)?.own.add(from.field.name);
    keys.get(to.model)?.behind.add(to.field.name);
  }
  return keys;
}

function relationsOf(models: Models): End[][] {
  const relations = new Map<string, End[]>();
  for (const [model, { fields }] of Object.entries(models)) {
    for (const field of fields) {
      if (field.relationName === undefined) continue;
      const name = [field.relationName, ...[model, field.type].sort()].join(' ');
      relations.set(name, [...(relations.get(name) ?? []), { model, field }]);
    }
  }
  return [...relations.values()];
}

function foreignKeysOf(ends: readonly End[], models: Models, declared: Declared): ForeignKey[] {
  const [one, two] = ends.map((end) => ({ end, said: declared.get(`${end.model}.${end.field.name}`) }));
  const understood = ends.length === 2 && [one, two].every((each) => each?.said?.type === each?.end.field.type);
  if (understood && one !== undefined && two !== undefined) {
    const [first, second] = [one.said?.foreignKey, two.said?.foreignKey];
    if (first !== undefined && second === undefined) return [{ from: one.end, to: two.end, ...first }];
    if (second !== undefined && first === undefined) return [{ from: two.end, to: one.end, ...second }];
    // A table between the two has the foreign keys: nothing is read of that without reading both.
    if (first === undefined && one.said?.list === true && two.said?.list === true) return [];
  }
  // Either may have one, of any of its fields, to any of the other.
  const namesOf = ({ model }: End): string[] => models[model]?.fields.map(({ name }) => name) ?? [];
  return ends.flatMap((from) => ends.map((to) => ({ from, to, fields: namesOf(from), references: namesOf(to) })));
}
