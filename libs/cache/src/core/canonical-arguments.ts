import { classNameOf, kindOf } from './codec/kinds.js';
import { valueTypeOf } from './codec/value-types.js';
import { InvalidKeyError } from './errors.js';

/** Deeper arguments are no arguments to make a key of. */
const MAX_DEPTH = 100;

/**
 * Writes the arguments of a call as text, so that no two different lists give the same text (G9).
 *
 * Every value begins with a letter for its type, and whatever may contain anything is preceded by its length or stands
 * between brackets; what UTF-8 cannot write is escaped, so that a digest sees it. So a text can be read in one way only, and `1` is not `"1"`, nor is `["a,b"]` `["a","b"]`. Names of
 * properties are sorted; the order of Maps and Sets counts. Trailing `undefined` does not: `f(1)` is `f(1, undefined)`.
 *
 * @throws InvalidKeyError for functions, symbols, cycles, getters, and instances of classes without a value type
 */
export function canonicalArguments(args: readonly unknown[]): string {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length--;
  let text = '';
  for (let i = 0; i < length; i++) text += `${new Canonical(i).write(args[i])},`;
  return text;
}

const sized = (text: string): string => `${text.length}:${text}`;

/** A half of a pair that stands alone, as where a text was cut inside an emoji. With the `u` flag pairs do not match. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** For what UTF-8 would write like another text: it has one character for every half that stands alone. */
const escaped = (text: string): string | undefined =>
  LONE_SURROGATE.test(text) ? `w${sized(JSON.stringify(text))}` : undefined;

class Canonical {
  readonly #argument: number;
  #depth = 0;

  constructor(argument: number) {
    this.#argument = argument;
  }

  write(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return escaped(value) ?? `s${sized(value)}`;
      case 'number':
        return Object.is(value, -0) ? 'n-0' : `n${value}`;
      case 'boolean':
        return value ? 't' : 'f';
      case 'undefined':
        return 'u';
      case 'bigint':
        return `i${value.toString()}`;
      case 'object':
        return value === null ? 'z' : this.#nested(value);
      default:
        return this.#refuse(`a ${typeof value}`);
    }
  }

  #nested(value: object): string {
    if (++this.#depth > MAX_DEPTH) this.#refuse('something that contains itself, or is nested very deeply');
    const text = this.#object(value);
    this.#depth--;
    return text;
  }

  #object(value: object): string {
    const kind = kindOf(value);
    switch (kind) {
      case 'object':
      case 'null-object':
        return `${kind === 'object' ? 'o' : 'O'}{${this.#properties(value)}}`;
      case 'array':
        return this.#array(value as unknown[]);
      case 'map':
        return `m{${this.#list([...(value as Map<unknown, unknown>)].flat())}}`;
      case 'set':
        return `e{${this.#list([...(value as Set<unknown>)])}}`;
      case 'date':
        return `d${(value as Date).getTime()}`;
      case 'url':
        return `l${sized((value as URL).href)}`;
      case 'search-params':
        return `q${sized((value as URLSearchParams).toString())}`;
      case 'regexp': {
        const { source, flags, lastIndex } = value as RegExp;
        return `r${sized(source)}${flags},${lastIndex}`;
      }
      case 'view':
        return this.#view(value as ArrayBufferView);
      case 'array-buffer':
        return `a${Buffer.from(value as ArrayBuffer).toString('base64')}`;
      default:
        return this.#instance(value);
    }
  }

  #list(values: readonly unknown[]): string {
    let text = '';
    for (const value of values) text += `${this.write(value)},`;
    return text;
  }

  #array(array: unknown[]): string {
    // In the order of their indices; whatever else there is stands behind them, or in the place of one that is missing.
    const names = Object.keys(array);
    if (names.length !== array.length || names.some((name, i) => name !== String(i)))
      this.#refuse('an array with holes or properties');
    return `[${this.#list(array)}]`;
  }

  #properties(object: object): string {
    let text = '';
    for (const name of Reflect.ownKeys(object).sort(byUnits)) {
      const property = Object.getOwnPropertyDescriptor(object, name);
      if (typeof name === 'symbol' || property?.enumerable !== true || !('value' in property)) {
        return this.#refuse('an object with symbols, getters or hidden properties');
      }
      text += `${escaped(name) ?? sized(name)}=${this.write(property.value)},`;
    }
    return text;
  }

  #view(view: ArrayBufferView): string {
    const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
    return `b${view.constructor.name}:${bytes.toString('base64')}`;
  }

  #instance(value: object): string {
    const type = valueTypeOf(value);
    if (type === undefined) return this.#refuse(`an instance of ${classNameOf(value)}`);
    return `v${sized(type.name)}${this.write(type.encode(value))}`;
  }

  #refuse(what: string): never {
    throw new InvalidKeyError(
      `Argument ${this.#argument + 1} is or contains ${what}, which no key can be made of. Give a "key" function.`,
    );
  }
}

/** The order of code units, which is the same in every locale; symbols anywhere, they are refused. */
function byUnits(a: string | symbol, b: string | symbol): number {
  return a === b ? 0 : String(a) < String(b) ? -1 : 1;
}
