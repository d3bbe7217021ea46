import { decode, encode } from '../../../core/codec/codec.js';
import type { Seal, Sealed } from '../sealing.js';
import type { KnownQuestion } from './exact-index.js';
import type { Verdict } from './learner.js';

/** A question as it stands in a journal. */
export interface QuestionRow extends KnownQuestion {
  readonly vector: Float32Array;
}

/** What a row is bound to: its journal, so that it opens nowhere else. */
interface Place {
  readonly journal: string;
  readonly seal: Seal | undefined;
}

const NAME = /^[\w-]{1,64}$/;

/** An embedding tells much of its text; so it is encrypted where answers are. */
export function writeQuestion(row: QuestionRow, { journal, seal }: Place): Buffer {
  const { codec, bytes } = encode(seal === undefined ? row : seal.seal(row, journal));
  return Buffer.concat([Buffer.from(codec), bytes]);
}

/** `undefined` for what is no question of this journal: anybody may have put it there. */
export function readQuestion(row: Buffer, { journal, seal }: Place): QuestionRow | undefined {
  try {
    const stored = decode({ codec: row[0] === 'J'.charCodeAt(0) ? 'J' : 'B', bytes: row.subarray(1) });
    return asQuestion(seal === undefined ? stored : seal.open(stored as Sealed, journal));
  } catch {
    return undefined;
  }
}

function asQuestion(value: unknown): QuestionRow | undefined {
  const { name, proof, exact, words, vector } = (value ?? {}) as Partial<QuestionRow>;
  if (typeof name !== 'string' || !NAME.test(name) || typeof proof !== 'string' || typeof exact !== 'string') return;
  if (!isWords(words) || !(vector instanceof Float32Array)) return undefined;
  return { name, proof, exact, words, vector };
}

const isWords = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((word) => typeof word === 'number');

/** What a server that searches keeps beside the vector. */
export const writeAttributes = ({ proof, exact, words }: KnownQuestion): string =>
  JSON.stringify({ proof, exact, words });

export function readAttributes(name: string, attributes: string): KnownQuestion | undefined {
  try {
    const { proof, exact, words } = JSON.parse(attributes) as Partial<KnownQuestion>;
    return asQuestion({ name, proof, exact, words, vector: new Float32Array() });
  } catch {
    return undefined;
  }
}

export const writeVerdict = ({ similarity, wrong }: Verdict): Buffer =>
  Buffer.from(`${similarity.toFixed(4)} ${wrong ? 'wrong' : 'right'}`);

export function readVerdict(row: Buffer): Verdict | undefined {
  const [, similarity, verdict] = /^(-?[01]\.\d{4}) (wrong|right)$/.exec(row.toString()) ?? [];
  return similarity === undefined ? undefined : { similarity: Number(similarity), wrong: verdict === 'wrong' };
}
