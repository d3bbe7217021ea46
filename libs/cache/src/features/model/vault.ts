import { newToken } from '../../core/token.js';
import type { PlainAnswer, StoredAnswer } from './model-types.js';
import { AesSeal, type ModelEncryption } from './sealing.js';

/** Puts answers into entries and takes them out again, encrypted if answers are. */
export class Vault {
  /** Tells what this process hands to those who wait from what somebody may have put into the store. */
  readonly #mark = newToken();
  readonly #seal: AesSeal | undefined;

  constructor(encryption: ModelEncryption | undefined) {
    this.#seal = encryption && new AesSeal(encryption);
  }

  /** @throws InvalidValueError when the answer cannot be encoded */
  put(answer: PlainAnswer, key: string): StoredAnswer {
    if (this.#seal === undefined) return answer;
    const { output, metadata, cost, ...facts } = answer;
    return {
      ...facts,
      sealed: this.#seal.seal({ output, metadata, ...(cost && { cost }) }, placeOf(key, facts.proof)),
    };
  }

  /** An answer that is not to be kept bears the mark of this process. */
  marked(answer: PlainAnswer): PlainAnswer {
    return answer.refusal === undefined ? answer : { ...answer, mark: this.#mark };
  }

  /** `undefined` when the entry is no answer to this question: of another one, damaged, or of a key that is not there. */
  take(entry: StoredAnswer | null | undefined, key: string, proof: string): PlainAnswer | undefined {
    // Whoever can write to the store can put anything there.
    if (entry?.proof !== proof) return undefined;
    // What is not to be kept is never in the store: whoever put it there is not this process.
    if (entry.refusal !== undefined && entry.mark !== this.#mark) return undefined;
    // One that is not encrypted does not count where answers are: anybody could have put it there.
    if (!('sealed' in entry)) return this.#seal === undefined || entry.refusal !== undefined ? whole(entry) : undefined;
    const { sealed, ...facts } = entry;
    const opened = this.#seal?.open(sealed, placeOf(key, proof));
    return opened === undefined ? undefined : whole({ ...facts, ...(opened as Kept) });
  }
}

type Kept = Pick<PlainAnswer, 'output' | 'metadata' | 'cost'>;

/** What everybody relies on who reads it; `undefined` for an entry that lacks it. */
function whole(answer: PlainAnswer): PlainAnswer | undefined {
  const { metadata, storedAt, ttlMs } = answer as Partial<PlainAnswer>;
  const times = typeof storedAt === 'number' && typeof ttlMs === 'number';
  return times && typeof metadata === 'object' && (metadata as unknown) !== null ? answer : undefined;
}

/** What an encrypted answer is bound to. */
const placeOf = (key: string, proof: string): string => `${key} ${proof}`;
