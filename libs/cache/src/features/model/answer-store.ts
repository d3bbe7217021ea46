import { type Clock, systemClock } from '@mobius1/kernel';
import { encode } from '../../core/codec/codec.js';
import type { CacheEngine } from '../../core/engine.js';
import { InvalidValueError } from '../../core/errors.js';
import type { Standing } from '../../core/flight.js';
import { ttlMs } from '../../core/options.js';
import { NO_TALLY } from '../../core/tally.js';
import { newToken } from '../../core/token.js';
import { refusalOf, type RefusalReason } from './admission.js';
import { metadataOf } from './description.js';
import type { Described, Inquiry, Made, Make, ModelCacheParts, Outcome } from './inquiry.js';
import { type AnswerForm, type ModelKey, ModelKeys, type ModelQuestion } from './model-key.js';
import {
  MODEL_DEFAULTS,
  type ModelCacheOptions,
  type ResolvedModelOptions,
  resolveModelOptions,
} from './model-options.js';
import { ModelLedger } from './model-stats.js';
import {
  type ModelControls,
  type ModelHit,
  type ModelStored,
  NotCachedError,
  type PlainAnswer,
  type StoredAnswer,
  type StoredHit,
} from './model-types.js';
import type { Pointed } from './semantic/semantic-tier.js';
import { mayPass } from './provider-failure.js';
import { SavingsLedger } from './savings/savings-ledger.js';
import { Vault } from './vault.js';

/** Whatever stands under a key, and what became of it if it was made for this caller. */
interface Asked {
  readonly value: StoredAnswer | null;
  readonly standing?: Standing | undefined;
}

const isRefused = ({ refusal }: StoredAnswer): boolean => refusal !== undefined;

/** Why an answer that was to be kept is not, by what the cache says of it. */
const WHY_NOT_STORED: Readonly<Record<Exclude<Standing, 'stored'> | 'bypassed', RefusalReason>> = {
  fenced: 'invalidated',
  current: 'output-too-large',
  unleased: 'unavailable',
  bypassed: 'bypassed',
};

/** The answers of models in the cache: keys, entries, and what becomes of an answer (G18). Everything that asks goes through `load`. */
export class AnswerStore {
  readonly clock: Clock;
  readonly savings: SavingsLedger;
  readonly ledger: ModelLedger;
  readonly #engine: CacheEngine;
  #options: ResolvedModelOptions;
  #keys: ModelKeys;
  #vault: Vault;

  /** @throws InvalidOptionsError */
  constructor({ engine, clock = systemClock, tally = NO_TALLY }: ModelCacheParts, options: ModelCacheOptions) {
    this.#engine = engine;
    this.clock = clock;
    this.#options = resolveModelOptions('model', options, MODEL_DEFAULTS);
    this.#keys = new ModelKeys(this.#options.secret);
    this.#vault = new Vault(this.#options.encryption);
    this.savings = new SavingsLedger({ tally, clock, ...this.#options });
    this.ledger = new ModelLedger(this.savings);
  }

  get options(): ResolvedModelOptions {
    return this.#options;
  }

  /** @throws InvalidOptionsError */
  configure(options: ModelCacheOptions): void {
    this.#options = resolveModelOptions('configure()', options, this.#options);
    this.savings.configure(this.#options);
    if (options.secret !== undefined) this.#keys = new ModelKeys(this.#options.secret);
    if (options.encryption !== undefined) this.#vault = new Vault(options.encryption);
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
    if (!noCache && (onlyIfCached || noStore)) {
      const found = await this.lookUp<T>(key, oldestMs);
      if (found !== null) return found;
      if (onlyIfCached) throw new NotCachedError(key.key);
    }
    if (noStore) return 'no-store';
    // Every hit passes here: a spread would cost more than all the rest of it.
    const { key: id, account, proof, inputLength, tags } = key;
    return { key: id, account, proof, inputLength, tags, lifeMs, oldestMs, controls: question };
  }

  /** What stands in the cache now; `null` when it is no answer, or too old. */
  async lookUp<T>({ key, proof, account }: ModelKey, oldestMs: number): Promise<Outcome<T> | null> {
    const entry = await this.standing({ key, proof }, oldestMs);
    if (entry === undefined) {
      this.ledger.misses++;
      return null;
    }
    return this.#hit<T>(entry, 'exact', { key, account });
  }

  /** The answer that stands under a key, if it is not too old; counts nothing. */
  readonly standing = async (
    { key, proof }: Pick<ModelKey, 'key' | 'proof'>,
    oldestMs: number,
  ): Promise<PlainAnswer | undefined> => {
    const found = (await this.#engine.get(key)) as StoredAnswer | null | undefined;
    const entry = found === undefined ? undefined : this.#opened(found, key, proof);
    return entry === undefined || this.clock.now() - entry.storedAt > oldestMs ? undefined : entry;
  };

  /** The answer to another question, as the answer to this one. */
  pointed<T>({ pointed, similarity }: Pointed, key: ModelKey): Outcome<T> {
    const { answer } = this.#hit<T>(pointed, 'semantic', key);
    return { entry: pointed, answer: { ...answer, similarity } };
  }

  /** Stores an answer: of an inference that was run for it (`called`), or one that was known before (`priced`). @throws InvalidKeyError, InvalidOptionsError */
  async put(question: ModelQuestion, made: Made, how: 'called' | 'priced'): Promise<ModelStored> {
    const found = this.keyOf(question);
    const { ledger } = this;
    const plain = this.#entry(made);
    const answer = how === 'called' ? ledger.called(made.account, plain) : ledger.priced(made.account, plain);
    const reason = typeof found === 'string' ? found : this.#refusalOf(made);
    if (reason !== undefined || typeof found === 'string') return this.notStored(reason ?? 'unkeyable');
    const entry = { ...answer, proof: found.proof };
    try {
      const ttl = `${made.lifeMs}ms` as const;
      const stored = await this.#engine.set(found.key, this.#vault.put(entry, found.key), { ttl, tags: found.tags });
      if (!stored) return this.notStored('unavailable');
    } catch (error) {
      if (error instanceof InvalidValueError) return this.notStored('unkeyable');
      throw error;
    }
    this.ledger.stored++;
    return { stored: true };
  }

  /** What comes of an inference, and why it is not to be kept. Never fails: the answer was paid for. */
  judge({ latencyMs, describe, ...rest }: Described): PlainAnswer {
    const made = { ...rest, metadata: metadataOf(latencyMs, describe) };
    const refusal = this.#refusalOf(made);
    const entry = this.ledger.called(made.account, this.#entry(made));
    return refusal === undefined ? entry : this.ledger.refused(refusal, { ...entry, refusal });
  }

  /**
   * The stored answer, or the one that `make` makes for all who ask the same. Who joins an inference of this process may get what it
   * shows instead.
   */
  load<T, Shown = never>(inquiry: Inquiry, make: Make<Shown>): Promise<Outcome<T> | { readonly shown: Shown }> {
    const { noCache = false, onLeaderFailure = 'fail' } = inquiry.controls;
    return this.#load<T, Shown>(inquiry, make, { renew: noCache, elects: onLeaderFailure === 'elect' });
  }

  /** Whether the entry of an outcome stands in the cache: nothing has made it void. */
  async stands<T>({ entry, answer }: Outcome<T>): Promise<boolean> {
    const now = (await this.#engine.get(answer.fingerprint)) as StoredAnswer | null | undefined;
    return now?.id === entry.id;
  }

  /** An answer that is not stored, with how it came. */
  unstored<T>(reason: RefusalReason, entry: PlainAnswer): Outcome<T> {
    return this.ledger.refused(reason, this.#outcome<T>({ ...entry, refusal: reason }, 'none', ''));
  }

  notStored(reason: RefusalReason): ModelStored {
    return this.ledger.refused(reason, { stored: false, reason });
  }

  async #load<T, Shown>(
    inquiry: Inquiry,
    make: Make<Shown>,
    { renew, elects }: { readonly renew: boolean; readonly elects: boolean },
  ): Promise<Outcome<T> | { readonly shown: Shown }> {
    const { key, account, proof, oldestMs } = inquiry;
    const asked = this.clock.now();
    const mine: { led: boolean; made?: PlainAnswer } = { led: false };
    const run = async (show?: (what: Shown) => void): Promise<StoredAnswer> => {
      mine.led = true;
      mine.made = this.#vault.marked({ ...(await make(show)), proof });
      // What is not to be kept is only handed to those who wait.
      if (mine.made.refusal !== undefined) return mine.made;
      const kept = this.#kept(mine.made, key);
      if (kept.refusal === undefined) return kept;
      mine.made = this.#vault.marked({ ...mine.made, refusal: kept.refusal });
      return mine.made;
    };
    const joined = await this.#ask(inquiry, run, renew).catch((error: unknown) => {
      if (mine.led || !elects) throw error;
      // The one whom this caller waited for failed: whoever of those who wait is first asks once more for all of them.
      return undefined;
    });
    if (joined === undefined) return this.#load(inquiry, make, { renew, elects: false });
    if ('shown' in joined) return joined;
    const found = joined.value;
    if (mine.made !== undefined && found?.id === mine.made.id) return this.#mine<T>(mine.made, key, joined.standing);
    const entry = this.#opened(found, key, proof);
    // What stands there is nobody's answer, or too old for this one: it makes room.
    if (entry === undefined || this.clock.now() - entry.storedAt > oldestMs)
      return this.#load(inquiry, make, { renew: true, elects });
    const stale = this.clock.now() > entry.storedAt + entry.ttlMs;
    return this.#hit<T>(entry, stale ? 'stale' : entry.storedAt > asked ? 'coalesced' : 'exact', { key, account });
  }

  /** Whatever stands under the key, or comes of running the inference. */
  async #ask<Shown>(
    { key, tags, lifeMs, controls }: Inquiry,
    run: (show?: (what: Shown) => void) => Promise<StoredAnswer>,
    renew: boolean,
  ): Promise<Asked | { readonly shown: Shown }> {
    const options = {
      ttl: `${lifeMs}ms` as const,
      tags,
      staleWhileRevalidate: renew ? 0 : (controls.staleWhileRevalidate ?? 0),
      staleIfError: renew ? 0 : (controls.staleIfError ?? 0),
      staleIf: controls.staleIf ?? mayPass,
      waitTimeout: this.#options.waitTimeout,
      unless: isRefused,
    };
    if (!renew) return this.#engine.getOrJoin(key, run, options);
    const value = await this.#engine.put(key, run, options);
    const now = value.refusal === undefined ? ((await this.#engine.get(key)) as StoredAnswer | null | undefined) : null;
    return { value, standing: now?.id === value.id ? 'stored' : 'fenced' };
  }

  #mine<T>(made: PlainAnswer, key: string, standing: Standing | undefined): Outcome<T> {
    if (made.pointer === undefined) this.ledger.misses++;
    if (made.refusal !== undefined) return this.#outcome<T>(made, 'none', key);
    if (standing !== 'stored') {
      const refusal = WHY_NOT_STORED[standing ?? 'bypassed'];
      return this.ledger.refused(refusal, this.#outcome<T>({ ...made, refusal }, 'none', key));
    }
    this.ledger.stored++;
    return this.#outcome<T>(made, 'none', key);
  }

  #refusalOf({ output, judged = output, metadata, params }: Made): RefusalReason | undefined {
    return refusalOf({ output: judged, metadata, params: params ?? {}, options: this.#options });
  }

  /** The entry; an answer that cannot be encoded is handed on, and not kept. */
  #kept(answer: PlainAnswer, key: string): StoredAnswer {
    try {
      const entry = this.#vault.put(answer, key);
      encode(entry); // what the cache would refuse is counted here; beside an inference it costs nothing
      return entry;
    } catch (error) {
      if (error instanceof InvalidValueError)
        return this.ledger.refused('unkeyable', { ...answer, refusal: 'unkeyable' });
      throw error;
    }
  }

  #opened(entry: StoredAnswer | null, key: string, proof: string): PlainAnswer | undefined {
    const answer = this.#vault.take(entry, key, proof);
    if (answer === undefined) this.ledger.unreadable++;
    return answer;
  }

  #hit<T>(entry: PlainAnswer, hit: StoredHit, { key, account }: Pick<ModelKey, 'key' | 'account'>): Outcome<T> {
    if (entry.pointer === undefined) this.ledger.hit(hit, account, entry);
    return this.#outcome<T>(entry, hit, key);
  }

  #outcome<T>(entry: PlainAnswer, hit: ModelHit, fingerprint: string): Outcome<T> {
    const { metadata, refusal, storedAt } = entry;
    const ageMs = Math.max(0, this.clock.now() - storedAt);
    const left = refusal === undefined ? Math.max(0, entry.ttlMs - ageMs) : 0;
    return { entry, answer: { output: entry.output as T, metadata, hit, ageMs, ttlMs: left, fingerprint } };
  }

  #entry({ output, metadata, lifeMs }: Made): PlainAnswer {
    return { output, metadata, proof: '', id: newToken(), storedAt: this.clock.now(), ttlMs: lifeMs };
  }
}
