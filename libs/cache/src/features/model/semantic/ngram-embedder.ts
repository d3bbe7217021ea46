import type { Embedder } from './semantic-options.js';

/** What may be said of the baseline. */
export interface NgramEmbedderOptions {
  /** @default 512 */
  readonly dimensions?: number;
}

const DIMENSIONS = 512;
const SIZES = [2, 3, 4];

/**
 * A baseline, not a model: character n-grams, hashed into a vector with signs (the hashing trick, Weinberger et al. 2009), counts by
 * their square root. It needs nothing and knows nothing of meaning: it finds the same words in other forms, other order, with typing
 * errors. Use it for tests, to see the tier at work, and as what an embedding of yours has to beat in `npm run semantic:evaluate`.
 *
 * @example
 * configure({ semantic: { embedder: ngramEmbedder() } });
 */
export function ngramEmbedder({ dimensions = DIMENSIONS }: NgramEmbedderOptions = {}): Embedder {
  return { id: `ngrams-2-4-${dimensions}`, dimensions, embed: (text) => embed(text, dimensions) };
}

function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  for (const [gram, count] of gramsOf(text)) {
    const hash = fnv1a(gram);
    const at = (hash >>> 1) % dimensions;
    vector[at] = (vector[at] as number) + (hash & 1 ? 1 : -1) * Math.sqrt(count);
  }
  return vector;
}

/** Pieces of words, their ends marked, and how often each is there. */
function gramsOf(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  for (const [word] of plain.matchAll(/[\p{L}\p{N}]+/gu)) {
    const marked = `^${word}$`;
    for (const size of SIZES) {
      for (let at = 0; at + size <= marked.length; at++) {
        const gram = marked.slice(at, at + size);
        counts.set(gram, (counts.get(gram) ?? 0) + 1);
      }
    }
  }
  return counts;
}

/** 32 bits, FNV-1a (Fowler, Noll and Vo), with the last mix of MurmurHash3: FNV's lowest bit is too regular for a sign. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
