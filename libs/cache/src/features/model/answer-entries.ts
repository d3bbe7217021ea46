import type { Clock } from '@mobius1/kernel';
import { encode } from '../../core/codec/codec.js';
import type { CacheEngine } from '../../core/engine.js';
import { InvalidValueError } from '../../core/errors.js';
import { newToken } from '../../core/token.js';
import type { RefusalReason } from './admission.js';
import type { Made, Outcome } from './inquiry.js';
import type { ModelKey } from './model-key.js';
import type { ModelLedger } from './model-stats.js';
import type { ModelHit, PlainAnswer, StoredAnswer, StoredHit } from './model-types.js';
import type { ModelEncryption } from './sealing.js';
import { Vault } from './vault.js';

/**
 * What the module says of all loads is not said of models: an inference is slow and always gets through, and after its TTL an answer is
 * given only where its question allows it.
 */
export const UNLESS_ASKED_FOR = Object.freeze({
  ...{ softTimeout: Infinity, hardTimeout: Infinity },
  ...{ staleWhileRevalidate: 0, staleIfError: 0 },
});

/** Where an answer stands, and what it has to prove. */
type Place = Pick<ModelKey, 'key' | 'proof'>;

interface EntriesParts {
  readonly engine: CacheEngine;
  readonly clock: Clock;
  readonly ledger: ModelLedger;
}

/** Answers as entries of the cache: made, put away, taken out, judged by their proof (G18), and shown to whoever asked. */
export class AnswerEntries {
  readonly #engine: CacheEngine;
  readonly #clock: Clock;
  readonly #ledger: ModelLedger;
  #vault = new Vault(undefined);

  constructor({ engine, clock, ledger }: EntriesParts) {
    this.#engine = engine;
    this.#clock = clock;
    this.#ledger = ledger;
  }

  /** From now on; what is not encrypted does not count any more. */
  encrypt(encryption: ModelEncryption | undefined): void {
    this.#vault = new Vault(encryption);
  }

  /** An answer of now. */
  made({ output, metadata, lifeMs }: Made): PlainAnswer {
    return { output, metadata, proof: '', id: newToken(), storedAt: this.#clock.now(), ttlMs: lifeMs };
  }

  /** The same answer as one that is handed to those who wait, and not kept. */
  withheld(answer: PlainAnswer, refusal: RefusalReason): PlainAnswer {
    return this.#vault.marked({ ...answer, refusal });
  }

  /** What is to stand under the key; `undefined` for an answer that cannot be encoded, which is counted. */
  toKeep(answer: PlainAnswer, key: string): StoredAnswer | undefined {
    try {
      const entry = this.#vault.put(answer, key);
      encode(entry); // what the cache would refuse is counted here; beside an inference it costs nothing
      return entry;
    } catch (error) {
      if (!(error instanceof InvalidValueError)) throw error;
      this.#ledger.refused('unkeyable', undefined);
      return undefined;
    }
  }

  /** Whatever stands under a key, not judged yet: anybody may have put it there. */
  async under(key: string): Promise<StoredAnswer | null | undefined> {
    return (await this.#engine.get(key, UNLESS_ASKED_FOR)) as StoredAnswer | null | undefined;
  }

  /** What was found, as an answer to this question; what is none is counted. */
  open(found: StoredAnswer | null, { key, proof }: Place): PlainAnswer | undefined {
    const answer = this.#vault.take(found, key, proof);
    if (answer === undefined) this.#ledger.unreadable++;
    return answer;
  }

  /** The answer that stands under a key, if it is not too old; counts no hit and no miss. */
  async standing(place: Place, oldestMs: number): Promise<PlainAnswer | undefined> {
    const found = await this.under(place.key);
    const answer = found === undefined ? undefined : this.open(found, place);
    return answer === undefined || this.isTooOld(answer, oldestMs) ? undefined : answer;
  }

  /** Of what is no answer at all nothing is known. */
  isTooOld(found: Partial<StoredAnswer> | null, oldestMs: number): boolean {
    const now = this.#clock.now();
    return now - (found?.storedAt ?? now) > oldestMs;
  }

  /** An answer that was there, or was made for somebody else. Pointers are no hits: what they point to may be one. */
  hit<T>(entry: PlainAnswer, hit: StoredHit, { key, account }: Pick<ModelKey, 'key' | 'account'>): Outcome<T> {
    if (entry.pointer === undefined) this.#ledger.hit(hit, account, entry);
    return this.outcome<T>(entry, hit, key);
  }

  /** An answer as its caller sees it. */
  outcome<T>(entry: PlainAnswer, hit: ModelHit, fingerprint: string): Outcome<T> {
    const { metadata, refusal, storedAt } = entry;
    const ageMs = Math.max(0, this.#clock.now() - storedAt);
    const left = refusal === undefined ? Math.max(0, entry.ttlMs - ageMs) : 0;
    return { entry, answer: { output: entry.output as T, metadata, hit, ageMs, ttlMs: left, fingerprint } };
  }
}
