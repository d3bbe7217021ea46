import { decode, encode } from '../../../core/codec/codec.js';
import { SharedValue } from '../../../core/shared-value.js';
import { payloadLength } from '../answer-length.js';

/** A part of an answer, as it is kept beside the one that its owner gets. */
export interface RecordedPart<Part> {
  /** The model's own object, for who asked it. */
  readonly part: Part;
  /** Characters or bytes; at least 1, so that as many parts as may be are bounded, too. */
  readonly length: number;
  /** Copies for the store and for everybody else (G8); absent when the part is no data. */
  readonly copy: (() => Part) | undefined;
}

/**
 * Measures a part and makes what it can be copied from, before anybody has it: whoever asked may do with the model's own objects what they
 * want. It is decoded only when a copy is wanted.
 */
export function recordPart<Part>(part: Part): RecordedPart<Part> {
  if (typeof part === 'string') return { part, length: Math.max(1, part.length), copy: () => part };
  if (part === undefined) return { part, length: 1, copy: () => part };
  try {
    const payload = encode(part);
    let shared: SharedValue | undefined;
    const copy = (): Part => (shared ??= SharedValue.of(decode(payload), () => decode(payload))).take() as Part;
    return { part, length: Math.max(1, payloadLength(payload)), copy };
  } catch {
    return { part, length: 1, copy: undefined };
  }
}
