import { type Clock, systemClock } from '@mobius1/kernel';
import type { CacheEngine } from '../../core/engine.js';
import { InvalidValueError } from '../../core/errors.js';
import { ttlMs } from '../../core/options.js';
import { NO_TALLY } from '../../core/tally.js';
import { refusalOf, type RefusalReason } from './admission.js';
import { AnswerEntries, UNLESS_ASKED_FOR } from './answer-entries.js';
import { AnswerLoads } from './answer-load.js';
import { metadataOf } from './description.js';
import type { Described, Inquiry, Made, ModelCacheParts, Outcome } from './inquiry.js';
import { type AnswerForm, type ModelKey, ModelKeys, type ModelQuestion } from './model-key.js';
import {
  MODEL_DEFAULTS,
  type ModelCacheOptions,
  type ResolvedModelOptions,
  resolveModelOptions,
} from './model-options.js';
import { ModelLedger } from './model-stats.js';
import { type ModelControls, type ModelStored, NotCachedError, type PlainAnswer } from './model-types.js';
import { SavingsLedger } from './savings/savings-ledger.js';
import type { Pointed } from './semantic/semantic-tier.js';

/**
 * The answers of models in the cache (G18): what may be asked and kept, and under which key. How they stand there is for `AnswerEntries`,
 * how the model comes to be asked for `AnswerLoads`.
 */
export class AnswerStore {
  readonly clock: Clock;
  readonly savings: SavingsLedger;
  readonly ledger: ModelLedger;
  readonly #engine: CacheEngine;
  readonly #entries: AnswerEntries;
  readonly #loads: AnswerLoads;
  #options: ResolvedModelOptions;
  #keys: ModelKeys;

  /** @throws InvalidOptionsError */
  constructor({ engine, clock = systemClock, tally = NO_TALLY }: ModelCacheParts, options: ModelCacheOptions) {
    this.#engine = engine;
    this.clock = clock;
    this.#options = resolveModelOptions('model', options, MODEL_DEFAULTS);
    this.#keys = new ModelKeys(this.#options.secret);
    this.savings = new SavingsLedger({ tally, clock, ...this.#options });
    this.ledger = new ModelLedger(this.savings);
    this.#entries = new AnswerEntries({ engine, clock, ledger: this.ledger });
    this.#entries.encrypt(this.#options.encryption);
    this.#loads = new AnswerLoads({ engine, clock, ledger: this.ledger, entries: this.#entries });
    if (Object.values(options).some((value) => value !== undefined)) this.#warnWithoutSecret();
  }

  get options(): ResolvedModelOptions {
    return this.#options;
  }

  /** @throws InvalidOptionsError */
  configure(options: ModelCacheOptions): void {
    this.#options = resolveModelOptions('configure()', options, this.#options);
    this.savings.configure(this.#options);
    if (options.secret !== undefined) this.#keys = new ModelKeys(this.#options.secret);
    if (options.encryption !== undefined) this.#entries.encrypt(options.encryption);
    this.#warnWithoutSecret();
  }

  /** The key of a question, or why the cache has nothing to do with it. @throws InvalidKeyError when an id is missing */
  keyOf(question: ModelQuestion, form: AnswerForm = 'whole'): ModelKey | RefusalReason {
    return this.#keys.find(question, form, this.#options);
  }

  /** The key of a question that has one. @throws InvalidKeyError */
  readonly exactKeyOf = (question: ModelQuestion): ModelKey => this.#keys.keyOf(question);

  /** Milliseconds for which an answer is kept. @throws InvalidOptionsError */
  lifeMs(call: string, ttl: ModelControls['ttl']): number {
    return ttl === undefined ? this.#options.ttlMs : ttlMs(call, ttl);
  }

  /**
   * What can be said of a question without asking the model: the inquiry to go on with, an answer that is there, or why none is stored.
   *
   * @throws InvalidKeyError, InvalidOptionsError, NotCachedError
   */
  async begin<T>(
    call: string,
    question: ModelQuestion & ModelControls,
    form: AnswerForm = 'whole',
  ): Promise<Inquiry | Outcome<T> | RefusalReason> {
    const { noCache = false, noStore = false, onlyIfCached = false, maxAge } = question;
    const key = this.keyOf(question, form);
    const oldestMs = maxAge === undefined ? Infinity : ttlMs(call, maxAge, 'maxAge');
    const lifeMs = this.lifeMs(call, question.ttl);
    if (typeof key === 'string') {
      if (onlyIfCached) throw new NotCachedError(key);
      return key;
    }
    if (noCache && onlyIfCached) throw new NotCachedError(key.key);
    if (onlyIfCached || (noStore && !noCache)) {
      const found = await this.lookUp<T>(key, oldestMs);
      if (found !== null) return found;
      if (onlyIfCached) throw new NotCachedError(key.key);
    }
    if (noStore) return 'no-store';
    // Every hit passes here: a spread would cost more than all the rest of it.
    const { key: id, account, proof, inputLength, tags } = key;
    const { waitTimeout } = this.#options;
    return { key: id, account, proof, inputLength, tags, lifeMs, oldestMs, waitTimeout, controls: question };
  }

  /** What stands in the cache now; `null` when it is no answer, or too old. */
  async lookUp<T>(key: ModelKey, oldestMs: number): Promise<Outcome<T> | null> {
    const entry = await this.#entries.standing(key, oldestMs);
    if (entry !== undefined) return this.#entries.hit<T>(entry, 'exact', key);
    this.ledger.misses++;
    return null;
  }

  /** The answer that stands under a key, if it is not too old; counts no hit and no miss. */
  readonly standing: AnswerEntries['standing'] = (place, oldestMs) => this.#entries.standing(place, oldestMs);

  /** The answer to another question, as the answer to this one. */
  pointed<T>({ pointed, similarity }: Pointed, key: ModelKey): Outcome<T> {
    const { answer } = this.#entries.hit<T>(pointed, 'semantic', key);
    return { entry: pointed, answer: { ...answer, similarity } };
  }

  /** The stored answer, or that of an inference for all who ask the same: see `AnswerLoads`. */
  readonly load: AnswerLoads['load'] = (inquiry, make) => this.#loads.load(inquiry, make);

  /** Stores an answer: of an inference that was run for it (`called`), or one that was known before (`priced`). @throws InvalidKeyError, InvalidOptionsError */
  async put(question: ModelQuestion, made: Made, how: 'called' | 'priced'): Promise<ModelStored> {
    const { ledger } = this;
    const key = this.keyOf(question);
    const plain = this.#entries.made(made);
    const answer = how === 'called' ? ledger.called(made.account, plain) : ledger.priced(made.account, plain);
    if (typeof key === 'string') return this.notStored(key);
    const refusal = this.#refusalOf(made);
    if (refusal !== undefined) return this.notStored(refusal);
    const entry = this.#entries.toKeep({ ...answer, proof: key.proof }, key.key);
    if (entry === undefined) return { stored: false, reason: 'unkeyable' };
    const options = { ...UNLESS_ASKED_FOR, ttl: `${made.lifeMs}ms`, tags: key.tags } as const;
    try {
      if (!(await this.#engine.set(key.key, entry, options))) return this.notStored('unavailable');
    } catch (error) {
      if (error instanceof InvalidValueError) return this.notStored('output-too-large'); // it can be encoded, as was seen
      throw error;
    }
    ledger.stored++;
    return { stored: true };
  }

  /** What comes of an inference, and why it is not to be kept. Never fails: the answer was paid for. */
  judge({ latencyMs, describe, ...rest }: Described): PlainAnswer {
    const made = { ...rest, metadata: metadataOf(latencyMs, describe) };
    const refusal = this.#refusalOf(made);
    const entry = this.ledger.called(made.account, this.#entries.made(made));
    return refusal === undefined ? entry : this.ledger.refused(refusal, { ...entry, refusal });
  }

  /** Whether the entry of an outcome stands in the cache: nothing has made it void. */
  async stands<T>({ entry, answer }: Outcome<T>): Promise<boolean> {
    return (await this.#entries.under(answer.fingerprint))?.id === entry.id;
  }

  /** An answer that is not stored, with how it came. */
  unstored<T>(reason: RefusalReason, entry: PlainAnswer): Outcome<T> {
    return this.ledger.refused(reason, this.#entries.outcome<T>({ ...entry, refusal: reason }, 'none', ''));
  }

  notStored(reason: RefusalReason): ModelStored {
    return this.ledger.refused(reason, { stored: false, reason });
  }

  /** At boot, where somebody says anything of models; else with the first question. */
  #warnWithoutSecret(): void {
    if (this.#options.enabled) this.#keys.warnWithoutSecret();
  }

  #refusalOf({ output, judged = output, metadata, params }: Made): RefusalReason | undefined {
    return refusalOf({ output: judged, metadata, params: params ?? {}, options: this.#options });
  }
}
