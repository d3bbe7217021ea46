import type { ModelMetadata } from '../admission.js';
import type { AnswerStore } from '../answer-store.js';
import type { Made } from '../inquiry.js';
import type { PlainAnswer } from '../model-types.js';
import { NotKeptError } from './errors.js';
import type { PartReader } from './part-reader.js';
import type { Recorded, Recording } from './recording.js';

/** What a caller brings who may have to ask the model. */
export interface LeadingOptions<Part> extends Pick<Made, 'account' | 'params' | 'lifeMs'> {
  readonly answers: AnswerStore;
  readonly describe: ((parts: readonly Part[]) => ModelMetadata) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly record: () => Recording<Part>;
}

/** The part of one caller in an inference, if it comes to be theirs. */
export class Leading<Part> {
  /** Resolves with the first part of an inference of this caller. */
  readonly began: Promise<{ readonly shown: Recording<Part> }>;
  /** Present once the inference is theirs. */
  recording: Recording<Part> | undefined;
  /** Reads it; absent when it runs behind an answer that was there. */
  reader: PartReader<Part> | undefined;
  readonly #options: LeadingOptions<Part>;
  #begin!: (began: { readonly shown: Recording<Part> }) => void;
  #behind = false;

  constructor(options: LeadingOptions<Part>) {
    this.#options = options;
    this.began = new Promise((resolve) => (this.#begin = resolve));
  }

  /** Asks the model, and records what it says; for `AnswerStore.load`. */
  readonly make = async (show?: (what: Recording<Part>) => void): Promise<PlainAnswer> => {
    const { record, signal } = this.#options;
    const recording = record();
    this.recording = recording;
    if (this.#behind) recording.goOn();
    else if (signal?.aborted)
      recording.leaveIfAlone(); // its caller left while it waited for its turn
    else this.reader = recording.attach({ owner: true, signal });
    await recording.first;
    show?.(recording);
    this.#begin({ shown: recording });
    try {
      return this.#judge(await recording.whole);
    } catch (error) {
      if (error instanceof NotKeptError) this.#notKept(recording, error);
      throw error;
    }
  };

  /** The caller has another answer: an inference of theirs, now or later, runs behind it to its end. */
  goBehind(): void {
    this.#behind = true;
    this.recording?.goOn();
    void this.reader?.return(); // who never reads would hold up an answer that turns out too long
  }

  /** It was asked for and is read, and none of its parts are left to describe it by. */
  #notKept({ ended }: Recording<Part>, { reason }: NotKeptError): void {
    const { account, answers } = this.#options;
    const { ledger } = answers;
    ledger.misses++;
    ledger.refused(reason, undefined);
    ended.then((latencyMs) => ledger.called(account, { metadata: { latencyMs } })).catch(() => undefined);
  }

  #judge({ parts, at, ms }: Recorded<Part>): PlainAnswer {
    const { answers, account, describe, params, lifeMs } = this.#options;
    // What is judged is the text, where there is one; the recording itself was measured part by part.
    const judged = parts.every((part) => typeof part === 'string') ? parts.join('') : true;
    const described = { latencyMs: ms, describe: () => describe?.(parts) };
    return answers.judge({ account, output: { parts, at }, judged, ...described, params, lifeMs });
  }
}
