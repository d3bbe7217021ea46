import { types } from 'node:util';
import { deserialize, serialize } from 'node:v8';

/** V8 reads values in Node's own realm; in a vm context (Jest) their prototypes are not the ones the code around uses. */
const FOREIGN = Object.getPrototypeOf(deserialize(serialize({}))) !== Object.prototype;

/** Moves what V8 read into this realm, in place, so that `instanceof Date` holds in tests too. Elsewhere it does nothing. */
export const localise: (value: unknown) => unknown = FOREIGN ? moveToThisRealm : (value) => value;

function moveToThisRealm(root: unknown): unknown {
  const seen = new Set<unknown>();
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    const home = homeOf(value);
    if (home === undefined) continue;
    if (Object.getPrototypeOf(value) !== home) Object.setPrototypeOf(value, home);
    if (home === Map.prototype) for (const member of value as Map<unknown, unknown>) waiting.push(...member);
    else if (home === Set.prototype) waiting.push(...(value as Set<unknown>));
    else if (home === Object.prototype || home === Array.prototype) {
      for (const key of Object.keys(value)) waiting.push((value as Record<string, unknown>)[key]);
    }
  }
  return root;
}

/** The prototype of this realm that belongs to the object; none for what was made in this realm anyway. */
function homeOf(value: object): object | undefined {
  if (Array.isArray(value)) return Array.prototype as object;
  if (types.isDate(value)) return Date.prototype;
  if (types.isMap(value)) return Map.prototype;
  if (types.isSet(value)) return Set.prototype;
  if (types.isRegExp(value)) return RegExp.prototype;
  if (types.isArrayBuffer(value)) return ArrayBuffer.prototype;
  if (types.isStringObject(value)) return String.prototype;
  if (types.isNumberObject(value)) return Number.prototype;
  if (types.isBooleanObject(value)) return Boolean.prototype;
  if (types.isBigIntObject(value)) return BigInt.prototype;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype !== null && Object.getPrototypeOf(prototype) === null ? Object.prototype : undefined;
}
