import { InvalidKeyError } from './errors.js';

/** Longest key, in UTF-16 units. Redis takes 512 MB; a key this long is a value by mistake. */
export const MAX_KEY_LENGTH = 1_024;

/** Longest namespace, in UTF-16 units: it stands in front of every key. */
export const MAX_NAMESPACE_LENGTH = 256;

const SEPARATOR = '|';

/** Whatever may need an escape; most keys have none of it, and one test says so. */
const SUSPECT = /^~|[%|\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;
/** With the `u` flag surrogates match only where they stand alone. */
const ESCAPED = /^~|[%|\u0000-\u001f\u007f-\u009f]|[\ud800-\udfff]/gu;
const ESCAPE = /%(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g;

/**
 * Encodes a key so that no other key gives the same text, and no key looks like our own bookkeeping (G9).
 *
 * Readable keys stay as they are: `user:123` is `user:123`. Escaped are `%`, `|` (it ends a namespace), a leading `~`
 * (our own keys begin with it), control characters, and surrogates that stand alone (they have no UTF-8).
 *
 * @throws InvalidKeyError when the key is no string, empty, or longer than {@link MAX_KEY_LENGTH}
 */
export function encodeKey(key: string): string {
  if (typeof key !== 'string' || key.length === 0 || key.length > MAX_KEY_LENGTH) refuse('key', key, MAX_KEY_LENGTH);
  return SUSPECT.test(key) ? escapeText(key) : key;
}

/** The key that was encoded. */
export function decodeKey(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  return encoded.replace(ESCAPE, (_, unit: string | undefined, byte: string) => {
    return String.fromCharCode(Number.parseInt(unit ?? byte, 16));
  });
}

/**
 * The name of an entry: `user:123`, or `workspace:w1|document:9` in a namespace. No two pairs of namespace and key have
 * one name.
 *
 * @throws InvalidKeyError as {@link encodeKey} does, and for a namespace that is longer than 256
 */
export function entryId(key: string, namespace?: string): string {
  if (namespace === undefined) return encodeKey(key);
  if (typeof namespace !== 'string' || namespace.length === 0 || namespace.length > MAX_NAMESPACE_LENGTH) {
    refuse('namespace', namespace, MAX_NAMESPACE_LENGTH);
  }
  return (SUSPECT.test(namespace) ? escapeText(namespace) : namespace) + SEPARATOR + encodeKey(key);
}

/** Namespace and key of an entry by its name. */
export function parseEntryId(id: string): { namespace: string | undefined; key: string } {
  const end = id.indexOf(SEPARATOR);
  if (end < 0) return { namespace: undefined, key: decodeKey(id) };
  return { namespace: decodeKey(id.slice(0, end)), key: decodeKey(id.slice(end + 1)) };
}

function escapeText(text: string): string {
  return text.replace(ESCAPED, (character) => {
    const hex = character.charCodeAt(0).toString(16).toUpperCase();
    return hex.length > 2 ? `%u${hex}` : `%${hex.padStart(2, '0')}`;
  });
}

function refuse(what: string, given: unknown, longest: number): never {
  const kind = given === null ? 'null' : Array.isArray(given) ? 'an array' : `of type ${typeof given}`;
  const got = typeof given === 'string' ? (given === '' ? 'empty' : `${given.length} characters long`) : kind;
  throw new InvalidKeyError(
    `A ${what} must be a non-empty string of at most ${longest} characters; this one is ${got}.`,
  );
}
