import { createHash } from 'node:crypto';
import { InvalidKeyError } from '../errors.js';
import { encodeKey } from '../key.js';

// A longer key is stored as its digest: it stands in the name of each of its limits.
const LONGEST_PLAIN = 128;

/**
 * Encodes whom a limit concerns, so that no two give the same text (G9), and braces do not end the hash tag that keeps the limits of one
 * identity in one slot of a Cluster.
 *
 * @throws InvalidKeyError when it is no string, or empty
 */
export function encodeIdentity(key: string): string {
  if (typeof key !== 'string' || key.length === 0) {
    const given = typeof key === 'string' ? 'empty' : `of type ${typeof key}`;
    throw new InvalidKeyError(`The key of a rate limit must be a non-empty string; this one is ${given}.`);
  }
  // UTF-16, because UTF-8 has one replacement for all surrogates that stand alone.
  if (key.length > LONGEST_PLAIN) return `~${createHash('sha256').update(key, 'utf16le').digest('base64url')}`;
  const encoded = encodeKey(key);
  return encoded.includes('{') || encoded.includes('}')
    ? encoded.replaceAll('{', '%7B').replaceAll('}', '%7D')
    : encoded;
}
