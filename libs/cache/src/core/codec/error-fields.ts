import { damaged } from './damaged.js';
import { ERROR_NAMES } from './kinds.js';

/** The own fields of an error: those that are listed, and those that are not, such as `message` and `stack`. */
export interface ErrorFields {
  readonly shown: Record<string, unknown>;
  readonly hidden: Record<string, unknown>;
}

/** Sets an own property whatever its name: assigning to `__proto__` would change the prototype. */
export function define(target: object, name: PropertyKey, value: unknown, enumerable = true): void {
  Object.defineProperty(target, name, { value, enumerable, writable: true, configurable: true });
}

/** Number of the nearest class of the language that the error is an instance of. */
export function errorClassOf(error: Error): number {
  for (let at: unknown = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    const { constructor } = at as { constructor?: unknown };
    const number = typeof constructor === 'function' ? ERROR_NAMES.indexOf(constructor.name as 'Error') : -1;
    if (number > 0 || (number === 0 && Object.hasOwn(at as object, 'constructor'))) return number;
  }
  return 0;
}

/**
 * Takes an error apart. Fields under symbols are left behind: Node and debuggers mark errors with them.
 *
 * @param refuse called with the name of a field that is an accessor
 */
export function errorFields(error: Error, refuse: (name: string) => never): ErrorFields {
  const fields: ErrorFields = { shown: {}, hidden: {} };
  // An accessor in some versions of V8, a plain property in others.
  if (typeof error.stack === 'string') define(fields.hidden, 'stack', error.stack);
  for (const name of Object.getOwnPropertyNames(error)) {
    const property = Object.getOwnPropertyDescriptor(error, name);
    if (name === 'stack' || property === undefined) continue;
    if (!('value' in property)) return refuse(name);
    define(property.enumerable ? fields.shown : fields.hidden, name, property.value);
  }
  // Classes often keep these on the prototype, which does not come back.
  const { name, message } = error as { name: unknown; message: unknown };
  if (!Object.hasOwn(error, 'name') && name !== ERROR_NAMES[errorClassOf(error)]) {
    define(fields.hidden, 'name', String(name));
  }
  if (!Object.hasOwn(error, 'message') && message !== '') define(fields.hidden, 'message', String(message));
  return fields;
}

/** An error without any field yet. @throws DamagedValueError for a number no class has */
export function emptyError(classNumber: number): Error {
  const name = ERROR_NAMES[classNumber];
  if (name === undefined) throw damaged('it holds a class of errors this version does not know');
  const error = name === 'AggregateError' ? new AggregateError([]) : new globalThis[name]();
  for (const key of Object.getOwnPropertyNames(error)) Reflect.deleteProperty(error, key);
  return error;
}

/** Gives an error its fields back. */
export function fillError(error: Error, { shown, hidden }: ErrorFields): void {
  for (const name of Object.keys(hidden)) define(error, name, hidden[name], false);
  for (const name of Object.keys(shown)) define(error, name, shown[name]);
}
