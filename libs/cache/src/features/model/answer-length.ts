import { encode, type Payload } from '../../core/codec/codec.js';

/** Characters of a text; characters as JSON of what JSON keeps; bytes of anything else. 0 for what is no data, and is not stored anyway. */
export function answerLength(output: unknown): number {
  if (typeof output === 'string') return output.length;
  try {
    return payloadLength(encode(output));
  } catch {
    return 0;
  }
}

export const payloadLength = (payload: Payload): number => payload.text?.length ?? payload.bytes.length;
