import { createHmac } from 'node:crypto';
import type { Signature } from './exact-index.js';
import type { Features } from './gate.js';

/** What stands for the features of a question outside of this process: digests under a key of the partition, not a word. */
export function sign({ exact, words }: Features, key: string): Signature {
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
  return {
    exact: digest(`exact ${JSON.stringify(exact)}`).toString('base64url', 0, 18),
    // 32 bits: two words that meet by chance cost a hit at worst.
    words: words.map((word) => digest(`word ${word}`).readUInt32BE(0)),
  };
}
