import { CodedError } from '@mobius1/kernel';
import { unitVector } from './exact-index.js';
import type { Embedder } from './semantic-options.js';

/** The embedder threw, or returned no vector. Never reaches a caller. */
export class EmbeddingError extends CodedError {
  readonly code = 'CACHE_EMBEDDING';
}

/** The direction of a text. @throws EmbeddingError */
export async function embedText(embedder: Embedder, text: string, signal: AbortSignal): Promise<Float32Array> {
  const { dimensions } = embedder;
  let values: ArrayLike<number>;
  try {
    values = await embedder.embed(text, signal);
  } catch (cause) {
    throw new EmbeddingError('The embedder failed.', { cause });
  }
  const vector = unitVector(values, dimensions);
  if (vector === undefined) throw new EmbeddingError(`The embedder returned no vector of ${dimensions} numbers.`);
  return vector;
}
