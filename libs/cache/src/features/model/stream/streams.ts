import { OptionCheck } from '@mobius1/kernel';
import type { ModelMetadata } from '../admission.js';
import type { AnswerStore } from '../answer-store.js';
import type { Inquiry, Outcome } from '../inquiry.js';
import type { ModelAccount, ModelQuestion } from '../model-key.js';
import type { ModelControls } from '../model-types.js';
import { AnswerTooLongError, StreamAbandonedError } from './errors.js';
import { Leading } from './leading.js';
import { ModelStream } from './model-stream.js';
import type { PartReader } from './part-reader.js';
import { type Recorded, Recording } from './recording.js';
import { replay, type ReplayPace } from './replay.js';
import type { StreamSource } from './source.js';

/** A question for `stream`: what it depends on, and how the cache is used for it. */
export interface ModelStreamRequest<Part = unknown> extends ModelQuestion, ModelControls {
  /** What is known of an answer, from all of its parts: tokens, why it ended. @default its latency */
  readonly describe?: (parts: readonly Part[]) => ModelMetadata;
  /** How fast a recorded answer is given: at once, as it came, or at a rate. @default 'none' */
  readonly pace?: ReplayPace;
  /** Ends the reading of this caller, and nobody else's. @default none */
  readonly signal?: AbortSignal;
}

type Start<Part> = (signal: AbortSignal) => StreamSource<Part> | Promise<StreamSource<Part>>;
type Kept<Part> = Pick<Recorded<Part>, 'parts' | 'at'>;

/** What came of asking: an entry, or a recording that is under way, of one's own or of another caller. */
type Found<Part> = Outcome<Kept<Part>> | { readonly shown: Recording<Part> };

// Whoever finds the beginning of an answer gone this often asks by themselves: nobody tries in a circle.
const MOST_TRIES = 3;

/**
 * Answers in parts: one inference for all who ask the same, and everybody reads it from its beginning.
 *
 * The inference is the load of a flight like any other (G1, G2, G6), whose value is all of its parts. What is special is that it shows its
 * recording as soon as the first part is there: whoever joins the flight in this process reads along. An invalidation detaches the flight,
 * so whoever comes later starts another one. Other processes wait for the whole, as for any load.
 */
export class Streams {
  readonly #answers: AnswerStore;
  /** How many callers of a key have no answer yet. */
  readonly #asking = new Map<string, number>();
  #recordings = 0;

  constructor(answers: AnswerStore) {
    this.#answers = answers;
  }

  /** @throws InvalidKeyError, InvalidOptionsError, NotCachedError, ModelStreamError; what `start` throws, and the model before its first part */
  async open<Part>(request: ModelStreamRequest<Part>, start: Start<Part>): Promise<ModelStream<Part>> {
    checkPace(request.pace);
    request.signal?.throwIfAborted();
    const begun = await this.#answers.begin<Kept<Part>>('stream()', request, 'parts');
    if (typeof begun === 'string') return this.#aside(this.#answers.ledger.refused(begun, request), start);
    if ('answer' in begun) return this.#replayed(begun, request);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (this.#recordings >= this.#answers.options.maxRecordings)
        return this.#aside(this.#answers.ledger.refused('busy', request), start);
      const stream = await this.#ask(begun, request, start);
      if (stream !== undefined) return stream;
    }
    return this.#aside(request, start);
  }

  /** One try; `undefined` when the answer that was joined cannot be read from its beginning any more. */
  async #ask<Part>(
    inquiry: Inquiry,
    request: ModelStreamRequest<Part>,
    start: Start<Part>,
  ): Promise<ModelStream<Part> | undefined> {
    const { params, describe, signal } = request;
    const record = (): Recording<Part> => this.#record(inquiry.key, start);
    const leading = new Leading<Part>({
      ...{ answers: this.#answers, lifeMs: inquiry.lifeMs, account: inquiry.account },
      ...{ params, describe, signal, record },
    });
    this.#count(inquiry.key, 1);
    try {
      const joined = this.#answers.load<Kept<Part>, Recording<Part>>(inquiry, leading.make);
      const found = await untilAborted(Promise.race([joined, leading.began]), signal);
      return this.#streamOf(found, leading, { inquiry, request });
    } catch (error) {
      const lost = error instanceof AnswerTooLongError || error instanceof StreamAbandonedError;
      if (lost && leading.recording === undefined) return undefined;
      throw error;
    } finally {
      this.#count(inquiry.key, -1);
      leading.recording?.leaveIfAlone();
    }
  }

  #streamOf<Part>(
    found: Found<Part>,
    leading: Leading<Part>,
    { inquiry, request }: { readonly inquiry: Inquiry; readonly request: ModelStreamRequest<Part> },
  ): ModelStream<Part> | undefined {
    const facts = { ageMs: 0, ttlMs: 0, fingerprint: inquiry.key };
    const own = 'shown' in found ? found.shown === leading.recording : found.answer.hit === 'none';
    if (own && leading.reader !== undefined) return new ModelStream({ ...facts, hit: 'none' }, leading.reader);
    leading.goBehind();
    if (!('shown' in found)) return this.#replayed(found, request);
    const reader = found.shown.attach({ owner: false, signal: request.signal });
    if (reader === undefined) return undefined;
    this.#tellCoalesced(found.shown, inquiry.account, request.describe);
    return new ModelStream({ ...facts, hit: 'coalesced' }, reader);
  }

  /** Beside the cache: an inference for this caller alone. */
  async #aside<Part>(request: ModelStreamRequest<Part>, start: Start<Part>): Promise<ModelStream<Part>> {
    const { clock } = this.#answers;
    const recording = new Recording<Part>({ start, maxLength: 0, expected: () => false, clock });
    const reader = recording.attach({ owner: true, signal: request.signal });
    await untilAborted(recording.first, request.signal);
    return new ModelStream({ hit: 'none', ageMs: 0, ttlMs: 0, fingerprint: '' }, reader as PartReader<Part>);
  }

  #replayed<Part>({ answer }: Outcome<Kept<Part>>, request: ModelStreamRequest<Part>): ModelStream<Part> {
    const { pace = 'none', signal } = request;
    return new ModelStream(answer, replay(answer.output, { pace, signal, clock: this.#answers.clock }));
  }

  #record<Part>(key: string, start: Start<Part>): Recording<Part> {
    const { clock, options } = this.#answers;
    this.#recordings++;
    const expected = (): boolean => this.#asking.has(key);
    const recording = new Recording<Part>({ start, maxLength: options.maxOutputLength, expected, clock });
    const over = (): void => {
      this.#recordings--;
    };
    recording.whole.then(over, over);
    return recording;
  }

  #count(key: string, by: number): void {
    const now = (this.#asking.get(key) ?? 0) + by;
    if (now === 0) this.#asking.delete(key);
    else this.#asking.set(key, now);
  }

  /** Counts a hit once it is known what it spared. */
  #tellCoalesced<Part>(
    { whole }: Recording<Part>,
    account: ModelAccount,
    describe: ModelStreamRequest<Part>['describe'],
  ): void {
    const { ledger } = this.#answers;
    const tell = (metadata: ModelMetadata): void =>
      ledger.hit('coalesced', account, ledger.priced(account, { metadata }));
    whole.then(({ parts, ms }) => tell({ latencyMs: ms, ...describe?.(parts) })).catch(() => tell({}));
  }
}

function checkPace(pace: ReplayPace = 'none'): void {
  const rate = typeof pace === 'object' ? (pace as Partial<typeof pace> | null)?.partsPerSecond : undefined;
  if (pace === 'none' || pace === 'recorded' || (typeof rate === 'number' && rate > 0)) return;
  const check = new OptionCheck('stream()');
  check.problem('pace', "'none', 'recorded', or { partsPerSecond } with a number above 0", pace);
  check.throwIfAny();
}

/** Settles like `promise`, or rejects with the reason of the signal once it is aborted. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    promise.finally(() => signal.removeEventListener('abort', aborted)).then(resolve, reject);
    if (signal.aborted) aborted();
  });
}
