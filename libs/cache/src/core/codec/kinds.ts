import { types } from 'node:util';

/** What an object is to the codec. `other` is everything it does not know. */
export type Kind =
  | 'object'
  | 'null-object'
  | 'array'
  | 'date'
  | 'map'
  | 'set'
  | 'regexp'
  | 'boxed'
  | 'view'
  | 'array-buffer'
  | 'url'
  | 'search-params'
  | 'error'
  | 'other';

interface Builtin {
  readonly kind: Kind;
  /** Length of its prototype chain; a subclass has a longer one. */
  readonly depth: number;
  /** Looks at the object itself: anyone can borrow a prototype. */
  readonly is: (value: object) => boolean;
}

const view = (depth: number): Builtin => ({ kind: 'view', depth, is: ArrayBuffer.isView });
const boxed: Builtin = { kind: 'boxed', depth: 2, is: types.isBoxedPrimitive };
const error = (depth: number): Builtin => ({ kind: 'error', depth, is: types.isNativeError });

/** Views in the order of their numbers in stored values: only ever append. */
export const VIEW_NAMES = [
  'Buffer',
  'DataView',
  'Uint8Array',
  'Int8Array',
  'Uint8ClampedArray',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigUint64Array',
  'BigInt64Array',
  'Float16Array',
] as const;

/** Errors that come back as their own class, in the order of their numbers in stored values: only ever append. */
export const ERROR_NAMES = [
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
  'AggregateError',
] as const;

const BUILTINS = new Map<string, Builtin>([
  ['Object', { kind: 'object', depth: 1, is: () => true }],
  ['Array', { kind: 'array', depth: 2, is: Array.isArray }],
  ['Date', { kind: 'date', depth: 2, is: types.isDate }],
  ['Map', { kind: 'map', depth: 2, is: types.isMap }],
  ['Set', { kind: 'set', depth: 2, is: types.isSet }],
  ['RegExp', { kind: 'regexp', depth: 2, is: types.isRegExp }],
  ['String', boxed],
  ['Number', boxed],
  ['Boolean', boxed],
  ['BigInt', boxed],
  ['ArrayBuffer', { kind: 'array-buffer', depth: 2, is: types.isArrayBuffer }],
  ['URL', { kind: 'url', depth: 2, is: (value) => value instanceof URL }],
  ['URLSearchParams', { kind: 'search-params', depth: 2, is: (value) => value instanceof URLSearchParams }],
  ...VIEW_NAMES.map((name): [string, Builtin] => [name, view(name === 'Buffer' ? 4 : name === 'DataView' ? 2 : 3)]),
  ...ERROR_NAMES.map((name): [string, Builtin] => [name, error(name === 'Error' ? 2 : 3)]),
]);

const known = new WeakMap<object, Builtin | 'other'>();

function chainLength(prototype: object): number {
  let length = 0;
  for (let at: unknown = prototype; at !== null; at = Object.getPrototypeOf(at)) length++;
  return length;
}

/** By name and chain, not by identity: in a vm context (Jest) plain objects of Node have another `Object.prototype`. */
function builtinOf(prototype: object): Builtin | 'other' {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const builtin = typeof constructor === 'function' ? BUILTINS.get(constructor.name) : undefined;
  return builtin?.depth === chainLength(prototype) ? builtin : 'other';
}

/** Classifies an object. Instances of classes are `other`, unless the class is one of the language or of Node. */
export function kindOf(value: object): Kind {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype) return 'object';
  if (prototype === null) return 'null-object';
  let builtin = known.get(prototype);
  if (builtin === undefined) known.set(prototype, (builtin = builtinOf(prototype)));
  return builtin !== 'other' && builtin.is(value) ? builtin.kind : 'other';
}

/** Name of the class an object belongs to, for messages. */
export function classNameOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'an unnamed class';
}

/** True when a builtin carries own properties, which no encoding of it would keep. Not for views: they list each byte. */
export function hasExtraProperties(value: object, kind: Kind): boolean {
  if (kind === 'view') return false;
  const own = kind === 'regexp' ? 1 : value instanceof String || types.isStringObject(value) ? value.length + 1 : 0;
  return Reflect.ownKeys(value).length !== own;
}
