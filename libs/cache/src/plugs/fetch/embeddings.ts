import { CUT_OFF, type Reply } from '../judgement.js';
import { tokensOf } from './chat.js';
import { type Json, objectsIn } from '../json.js';

/** An answer of `embeddings`: whole when there is a vector for each of the inputs, which are told by their places only. */
export function readEmbeddings(answer: Json, { input }: Json): Reply {
  const vectors = objectsIn(answer, 'data').map(({ embedding }) => embedding);
  const whole = vectors.length > 0 && vectors.length === countOf(input);
  return {
    ...{ texts: [], toolCalls: [], finishReason: whole ? 'stop' : CUT_OFF },
    more: vectors.every(hasNumbers),
    tokens: tokensOf(answer),
  };
}

/** One text, one list of tokens, or several of either. */
const countOf = (input: unknown): number => (Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1);

/** A list of numbers, or its bytes as text. */
const hasNumbers = (embedding: unknown): boolean =>
  (Array.isArray(embedding) || typeof embedding === 'string') && embedding.length > 0;
