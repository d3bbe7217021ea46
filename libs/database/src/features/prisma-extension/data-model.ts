import { declaredFields } from './declared-fields.js';
import { type Keys, keysOf } from './keys.js';
import type { RuntimeDataModel } from './runtime-data-model.js';

/** Others, such as times and decimals, can be written in many ways. */
const IDS: ReadonlySet<string> = new Set(['String', 'Int', 'BigInt']);

/** Models and the relations between them. */
export class DataModel {
  /** Changes with every change of the schema: entries of another schema are not read. */
  readonly hash: string;
  readonly names: readonly string[];
  readonly #relations: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly #identified: ReadonlySet<string>;
  readonly #keys: ReadonlyMap<string, Keys>;

  /** @param schema its text: the run-time model does not tell which fields are referred to */
  constructor(runtime: RuntimeDataModel, schema: string) {
    const models = Object.entries(runtime.models);
    this.names = Object.keys(runtime.models);
    this.hash = hashOf(JSON.stringify(runtime));
    this.#relations = new Map(
      models.map(([name, { fields }]) => [
        name,
        new Map(
          fields.filter(({ relationName }) => relationName !== undefined).map((field) => [field.name, field.type]),
        ),
      ]),
    );
    this.#identified = new Set(
      models
        .filter(([, { fields }]) => fields.some(({ name, type }) => name === 'id' && IDS.has(type)))
        .map(([name]) => name),
    );
    this.#keys = keysOf(runtime.models, declaredFields(schema));
  }

  /** Whether records of a model can be told apart by the text of their `id`. */
  identifies(model: string): boolean {
    return this.#identified.has(model);
  }

  /** The model behind a field that is a relation. */
  relation(model: string, field: string): string | undefined {
    return this.#relations.get(model)?.get(field);
  }

  /**
   * Whether a field is more than plain data: the database may carry its change on to rows that refer to it, whatever the schema says of
   * `onUpdate`, and answers found by an old `id` are no longer true.
   */
  isKey(model: string, field: string): boolean {
    return this.#keys.get(model)?.own.has(field) ?? true;
  }

  /** Whether a field is a relation whose writes change a key of the rows behind it. */
  hasKeyBehind(model: string, field: string): boolean {
    return this.#keys.get(model)?.behind.has(field) ?? true;
  }

  /** The models that a model has a relation with. */
  related(model: string): string[] {
    return [...new Set(this.#relations.get(model)?.values())];
  }

  /** A model and everything that is connected with it, over any number of relations. */
  connected(model: string): Set<string> {
    const found = new Set<string>();
    const waiting = [model];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      waiting.push(...this.related(next));
    }
    return found;
  }
}

/** FNV-1a in 64 bits, as 13 digits of base 36. */
function hashOf(text: string): string {
  let sum = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    sum = BigInt.asUintN(64, (sum ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  }
  return sum.toString(36);
}
