import type { Clock } from '@mobius1/kernel';
import { InvalidValueError } from '../../core/errors.js';
import { newToken } from '../../core/token.js';
import type { CacheManager } from '../manager/cache-manager.js';
import type { ModelMetadata } from './admission.js';
import type { ModelKey } from './model-key.js';
import type { ModelLedger } from './model-stats.js';
import type { PlainAnswer, StoredAnswer } from './model-types.js';
import type { ModelEncryption } from './sealing.js';
import { Vault } from './vault.js';

/** Entries of answers: how they are made, sealed and read. */
export class Answers {
  readonly #manager: CacheManager;
  readonly #clock: Clock;
  readonly #ledger: ModelLedger;
  #vault = new Vault(undefined);

  constructor(manager: CacheManager, clock: Clock, ledger: ModelLedger) {
    this.#manager = manager;
    this.#clock = clock;
    this.#ledger = ledger;
  }

  encryptWith(encryption: ModelEncryption | undefined): void {
    this.#vault = new Vault(encryption);
  }

  entry(output: unknown, metadata: ModelMetadata, lifeMs: number, proof = ''): PlainAnswer {
    return { output, metadata, proof, id: newToken(), storedAt: this.#clock.now(), ttlMs: lifeMs };
  }

  /** @throws InvalidValueError when it cannot be encoded */
  sealed(answer: PlainAnswer, key: string): StoredAnswer {
    return this.#vault.put(answer, key);
  }

  /** The entry; an answer that cannot be encoded is handed on, and not kept. */
  kept(answer: PlainAnswer, key: string): StoredAnswer {
    try {
      return this.sealed(answer, key);
    } catch (error) {
      if (error instanceof InvalidValueError)
        return this.#ledger.refused('unkeyable', { ...answer, refusal: 'unkeyable' });
      throw error;
    }
  }

  opened(entry: StoredAnswer | null, { key, proof }: Pick<ModelKey, 'key' | 'proof'>): PlainAnswer | undefined {
    const answer = this.#vault.take(entry, key, proof);
    if (answer === undefined) this.#ledger.unreadable++;
    return answer;
  }

  /** The answer that stands under a key now. */
  async standing(key: Pick<ModelKey, 'key' | 'proof'>, oldestMs: number): Promise<PlainAnswer | undefined> {
    const found = await this.#manager.get<StoredAnswer | null>(key.key);
    const entry = found === undefined ? undefined : this.opened(found, key);
    return entry === undefined || this.#clock.now() - entry.storedAt > oldestMs ? undefined : entry;
  }
}
