import { randomFillSync } from 'node:crypto';

/** Identifies one attempt to fill one key, and afterwards the value that attempt wrote. 16 characters, unique. */
export type Token = string;

/** Stands where a record holds no token. Same width as a token, so that a record has fixed offsets. */
export const NO_TOKEN: Token = '-'.repeat(16);

// 12 random bytes are 16 base64url characters: 96 bits, so that tokens never repeat in practice.
const TOKEN_BYTES = 12;
const pool = Buffer.allocUnsafe(TOKEN_BYTES * 256); // one call to the system for 256 tokens
let used = pool.length;

/** Draws a new token. A token serves one attempt only: a repeated attempt draws its own (protocol rules 2 and 5). */
export function newToken(): Token {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const token = pool.toString('base64url', used, used + TOKEN_BYTES);
  used += TOKEN_BYTES;
  return token;
}

/**
 * Stands in the place of a token, or of a generation's unique id, while transactions are about to commit what it invalidates (protocol
 * rule 15); the digits behind it count them. No token begins with it.
 */
export const FENCE = '~';

/** Whether it is a fence: nothing may be stored that depends on it. */
export const isFence = (tokenOrGeneration: string | undefined): boolean =>
  tokenOrGeneration !== undefined && tokenOrGeneration.startsWith(FENCE);

/** The fence of a first transaction, as wide as a token. */
export const FIRST_FENCE: Token = FENCE + '1'.padStart(15, '0');
