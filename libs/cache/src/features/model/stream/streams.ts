import { OptionCheck } from '@mobius1/kernel';
import type { ModelMetadata, RefusalReason } from '../admission.js';
import type { AnswerStore } from '../answer-store.js';
import { metadataOf } from '../description.js';
import type { Inquiry, Outcome } from '../inquiry.js';
import type { ModelAccount, ModelQuestion } from '../model-key.js';
import type { ModelControls } from '../model-types.js';
import { NotKeptError, StreamAbandonedError } from './errors.js';
import { Leading } from './leading.js';
import { ModelStream } from './model-stream.js';
import type { PartReader } from './part-reader.js';
import { type Recorded, Recording } from './recording.js';
import { checkPace, replay, type ReplayPace } from './replay.js';
import type { StreamSource } from './source.js';
import { UnderWay } from './under-way.js';

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

/**
 * Why a caller has no answer although somebody else has one: its beginning is gone, or nobody else may have it. The next of that kind would
 * be like it, so those who wait do not ask one after the other.
 */
type Lost = 'again' | 'alone';

const NO_KEY = '';

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
  readonly #underWay = new UnderWay();

  constructor(answers: AnswerStore) {
    this.#answers = answers;
  }

  /** @throws InvalidKeyError, InvalidOptionsError, NotCachedError, ModelStreamError; what `start` throws, and the model before its first part */
  async open<Part>(request: ModelStreamRequest<Part>, start: Start<Part>): Promise<ModelStream<Part>> {
    const check = new OptionCheck('stream()');
    checkPace(check, 'pace', request.pace);
    check.throwIfAny();
    request.signal?.throwIfAborted();
    const begun = await this.#answers.begin<Kept<Part>>('stream()', request, 'parts');
    if (typeof begun === 'string') return this.#refused(begun, request, start);
    if ('answer' in begun) return this.#replayed(begun, request);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      if (this.#isFull) return (await this.#stored(begun, request)) ?? this.#refused('busy', request, start);
      const stream = await this.#ask(begun, request, start);
      if (stream === 'alone') break;
      if (stream !== 'again') return stream;
    }
    return this.#aside(request, start);
  }

  /** As many answers are recorded as may be. */
  get #isFull(): boolean {
    return this.#underWay.recordings >= this.#answers.options.maxRecordings;
  }

  /** One try. */
  async #ask<Part>(
    inquiry: Inquiry,
    request: ModelStreamRequest<Part>,
    start: Start<Part>,
  ): Promise<ModelStream<Part> | Lost> {
    const { params, describe, signal } = request;
    const record = (): Recording<Part> => this.#record(inquiry.key, start);
    const leading = new Leading<Part>({
      ...{ answers: this.#answers, lifeMs: inquiry.lifeMs, account: inquiry.account },
      ...{ params, describe, signal, record },
    });
    this.#underWay.arrive(inquiry.key);
    try {
      const joined = this.#answers.load<Kept<Part>, Recording<Part>>(inquiry, leading.make);
      const found = await untilAborted(Promise.race([joined, leading.began]), signal);
      return this.#streamOf(found, leading, { inquiry, request });
    } catch (error) {
      if (leading.recording !== undefined) throw error;
      if (error instanceof NotKeptError) return lostFor(error);
      if (error instanceof StreamAbandonedError) return 'again';
      throw error;
    } finally {
      this.#underWay.depart(inquiry.key);
    }
  }

  #streamOf<Part>(
    found: Found<Part>,
    leading: Leading<Part>,
    { inquiry, request }: { readonly inquiry: Inquiry; readonly request: ModelStreamRequest<Part> },
  ): ModelStream<Part> | Lost {
    const facts = { ageMs: 0, ttlMs: 0, fingerprint: inquiry.key };
    const own = 'shown' in found ? found.shown === leading.recording : found.answer.hit === 'none';
    if (own && leading.reader !== undefined) return new ModelStream({ ...facts, hit: 'none' }, leading.reader);
    leading.goBehind();
    if (!('shown' in found)) return this.#replayed(found, request);
    const reader = found.shown.attach({ owner: false, signal: request.signal });
    if (reader === undefined) return lostFor(found.shown.notKept);
    this.#tellCoalesced(found.shown, inquiry.account, request.describe);
    return new ModelStream({ ...facts, hit: 'coalesced' }, reader);
  }

  #refused<Part>(
    reason: RefusalReason,
    request: ModelStreamRequest<Part>,
    start: Start<Part>,
  ): Promise<ModelStream<Part>> {
    return this.#answers.ledger.refused(reason, this.#aside(request, start));
  }

  /** Beside the cache: an inference for this caller alone. It is recorded only to be described, as far as there is room. */
  async #aside<Part>(request: ModelStreamRequest<Part>, start: Start<Part>): Promise<ModelStream<Part>> {
    const { clock, options } = this.#answers;
    const records = request.describe !== undefined && !this.#isFull;
    const maxLength = records ? options.maxOutputLength : 0;
    const recording = new Recording<Part>({ start, maxLength, expected: () => false, clock });
    const reader = recording.attach({ owner: true, signal: request.signal });
    if (records) this.#underWay.add(NO_KEY, recording);
    this.#tellCalled(recording, request);
    await untilAborted(recording.first, request.signal);
    return new ModelStream({ hit: 'none', ageMs: 0, ttlMs: 0, fingerprint: '' }, reader as PartReader<Part>);
  }

  /** What is stored, for a caller who may not record. */
  async #stored<Part>(inquiry: Inquiry, request: ModelStreamRequest<Part>): Promise<ModelStream<Part> | undefined> {
    if (request.noCache === true) return undefined;
    const found = await this.#answers.lookUp<Kept<Part>>(inquiry, inquiry.oldestMs);
    return found === null ? undefined : this.#replayed(found, request);
  }

  #replayed<Part>({ answer }: Outcome<Kept<Part>>, request: ModelStreamRequest<Part>): ModelStream<Part> {
    const { pace = 'none', signal } = request;
    return new ModelStream(answer, replay(answer.output, { pace, signal, clock: this.#answers.clock }));
  }

  #record<Part>(key: string, start: Start<Part>): Recording<Part> {
    const { clock, options } = this.#answers;
    const expected = (): boolean => this.#underWay.expects(key);
    const recording = new Recording<Part>({ start, maxLength: options.maxOutputLength, expected, clock });
    this.#underWay.add(key, recording);
    return recording;
  }

  /** Counts an inference beside the cache once it has ended. One that failed, or that nobody read to its end, gave no answer. */
  #tellCalled<Part>(recording: Recording<Part>, request: ModelStreamRequest<Part>): void {
    const { ledger } = this.#answers;
    const tell = (metadata: ModelMetadata): unknown => ledger.called(request, { metadata });
    metadataFrom(recording, request.describe).then(tell, () => undefined);
  }

  /** Counts a hit once it is known what it spared. What failed while it was read along was no answer. */
  #tellCoalesced<Part>(
    recording: Recording<Part>,
    account: ModelAccount,
    describe: ModelStreamRequest<Part>['describe'],
  ): void {
    const { ledger } = this.#answers;
    const tell = (metadata: ModelMetadata): void =>
      ledger.hit('coalesced', account, ledger.priced(account, { metadata }));
    metadataFrom(recording, describe).then(tell, () => undefined);
  }
}

/** What is known of an answer at its end: its latency alone where its parts were not kept. Fails with what goes wrong. */
function metadataFrom<Part>(
  { whole, ended }: Recording<Part>,
  describe: ModelStreamRequest<Part>['describe'],
): Promise<ModelMetadata> {
  return whole.then(
    ({ parts, ms }) => metadataOf(ms, () => describe?.(parts)),
    async () => ({ latencyMs: await ended }),
  );
}

const lostFor = (error: NotKeptError | undefined): Lost => (error?.reason === 'unkeyable' ? 'alone' : 'again');

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
