/** A field of a model, as the text of the schema declares it. */
export interface DeclaredField {
  /** The type, without `?` and `[]`. */
  readonly type: string;
  readonly list: boolean;
  /** The foreign key of a relation, on the side that has it. */
  readonly foreignKey?: { readonly fields: readonly string[]; readonly references: readonly string[] };
}

const STRINGS_AND_COMMENTS = /"(?:[^"\\]|\\.)*"|\/\/.*/g;
const BLOCK = /^\s*(?:model|view|type)\s+([\w-]+)\s*\{/;
const FIELD = /^\s*([\w-]+)\s+([\w-]+)(\[\])?/;
const RELATION = /@relation\s*\(([^)]*)\)/;

/**
 * The fields by `Model.field`. A field of Prisma's schema language, with all its attributes, is one line, so lines are all that has to be
 * understood; what is not found here is treated as if anything referred to it.
 */
export function declaredFields(schema: string): ReadonlyMap<string, DeclaredField> {
  const fields = new Map<string, DeclaredField>();
  let model: string | undefined;
  for (const raw of schema.split(/\r\n|\n|\r/)) {
    const line = raw.replace(STRINGS_AND_COMMENTS, ' ');
    const block = BLOCK.exec(line)?.[1];
    if (block !== undefined) model = block;
    else if (/^\s*\}/.test(line)) model = undefined;
    else if (model !== undefined) {
      const [, name, type, list] = FIELD.exec(line) ?? [];
      if (name !== undefined && type !== undefined) fields.set(`${model}.${name}`, declared(type, list, line));
    }
  }
  return fields;
}

function declared(type: string, list: string | undefined, line: string): DeclaredField {
  const relation = RELATION.exec(line)?.[1] ?? '';
  const [fields, references] = [listIn(relation, 'fields'), listIn(relation, 'references')];
  return {
    type,
    list: list !== undefined,
    ...(fields.length > 0 && references.length > 0 ? { foreignKey: { fields, references } } : {}),
  };
}

const listIn = (text: string, name: string): readonly string[] =>
  new RegExp(`\\b${name}\\s*:\\s*\\[([^\\]]*)\\]`).exec(text)?.[1]?.match(/[\w-]+/g) ?? [];
