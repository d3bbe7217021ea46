import type { Clock } from '@mobius1/kernel';
import { NO_STORES, type SemanticStores } from '../../../core/journal.js';
import { newToken } from '../../../core/token.js';
import type { KeyPart } from '../../manager/cache-keys.js';
import type { ModelKey, ModelQuestion } from '../model-key.js';
import type { PlainAnswer, Pointer } from '../model-types.js';
import { Gate } from './gate.js';
import { type Candidate, keyIn, Lookups, type Setup } from './lookups.js';
import { type EpochCache, Partitions, type Place } from './partitions.js';
import { noSemanticCounts, type SemanticPartition, type SemanticStats } from './semantic-stats.js';
import { Verification } from './verification.js';

export interface SemanticParts {
  readonly cache: EpochCache;
  readonly clock: Clock;
  readonly keyOf: (question: ModelQuestion) => ModelKey;
  /** The answer under a key, by the path that every answer is read on; `undefined` when it does not stand. */
  readonly read: (key: Pick<ModelKey, 'key' | 'proof'>, oldestMs: number) => Promise<PlainAnswer | undefined>;
  readonly stores?: SemanticStores | undefined;
}

/** An answer of another question. */
export interface Pointed {
  readonly pointed: PlainAnswer;
  /** Cosine of both questions. */
  readonly similarity: number;
}

interface Configuration extends Pick<Setup, 'encryption'> {
  readonly semantic: Setup['options'] | undefined;
}

/**
 * The semantic tier: another question's answer, when both surely mean the same (G18).
 *
 * It is asked when a question has no answer of its own, and ends with a pointer to the exact entry of another question of the same
 * partition. The answer is read there, by everybody who gets it, on the path of all answers: an invalidation, an end of life or an
 * erasure of that entry is one of the semantic hit, too (G1, G2). Similarity finds candidates (`Lookups`); what decides is the gate, and a
 * threshold that was learned from answers of this partition. Until it is, the model is asked, which it would be anyway, and its answer
 * compared (`Verification`).
 *
 * Whatever is wrong with it is counted, and the model is asked (G10). A lookup ends with its deadline; what comes after it is behind.
 */
export class SemanticTier {
  readonly #parts: SemanticParts;
  readonly #counts = noSemanticCounts();
  readonly #lookups: Lookups;
  readonly #verification: Verification;
  /** Tells pointers of this process from what somebody else may have put into the store. */
  readonly #mark = newToken();
  #setup: Setup | undefined;

  constructor(parts: SemanticParts) {
    const { clock, read } = parts;
    this.#parts = parts;
    this.#lookups = new Lookups({ clock, counts: this.#counts, read });
    this.#verification = new Verification({ clock, counts: this.#counts });
  }

  get stats(): SemanticStats {
    return { ...this.#counts };
  }

  /** `undefined` turns it off; what was learned stays where it is kept. */
  configure({ semantic: options, encryption }: Configuration): void {
    const { cache, keyOf, stores = NO_STORES } = this.#parts;
    const now = this.#setup;
    if (now?.options === options && now?.encryption === encryption) return;
    if (options === undefined) return void (this.#setup = undefined);
    const gate = new Gate(options.gate);
    const unreadable = (): number => this.#counts.unreadable++;
    const partitions = new Partitions({ cache, keyOf, stores, options, encryption, gate, unreadable });
    this.#setup = { options, encryption, gate, partitions };
  }

  /**
   * Runs `load`, which gives the exact answer or calls what it is given, for all who wait; and puts the lookup before the model. What
   * comes of it is the outcome of `load`, or the answer of another question.
   */
  async around<Loaded extends { readonly entry: PlainAnswer }>(
    { oldestMs, renew, ...own }: ModelKey & { readonly oldestMs: number; readonly renew: boolean },
    question: ModelQuestion & { readonly semantic?: boolean },
    make: () => Promise<PlainAnswer>,
    load: (make: () => Promise<PlainAnswer>) => Promise<Loaded>,
  ): Promise<Loaded | Pointed> {
    const setup = this.#setup;
    if (setup === undefined || renew || question.semantic === false) return load(make);
    const loaded = await load(async () => {
      const located = this.#lookups.locate(setup, question, own);
      const found = located && (await this.#lookups.find(setup, located, oldestMs));
      if (found === undefined) return make();
      const { asked, candidate } = found;
      if (candidate !== undefined) this.#counts.candidates++;
      if (candidate !== undefined && this.#mayServe(setup, asked.place, candidate))
        return this.#standIn(asked.place, candidate);
      const fresh = await make();
      if (fresh.refusal === undefined) this.#verification.answered(setup, found, fresh);
      return fresh;
    });
    const { pointer } = loaded.entry;
    if (pointer?.mark !== this.#mark) return loaded;
    // Everybody who was pointed there reads it: it may have been made void since (G2).
    const pointed = await this.#parts.read(pointer, oldestMs);
    if (pointed === undefined) return load(make);
    this.#counts.hits++;
    return { pointed, similarity: pointer.similarity };
  }

  /** Notes a question whose answer was stored without being looked up. */
  remember(question: ModelQuestion, own: ModelKey): void {
    const setup = this.#setup;
    if (setup === undefined) return;
    // Where it belongs is found out now: an erasure that comes before its turn concerns it.
    const located = this.#lookups.locate(setup, question, own);
    if (located !== undefined) this.#verification.note(() => this.#lookups.ask(setup, located));
  }

  /** Forgets what this process holds of a workspace, and what it was about to note. */
  erase(workspaceId: KeyPart): void {
    this.#setup?.partitions.forget(String(workspaceId));
  }

  /** What was learned, for the partitions that this process has to do with. */
  report(): SemanticPartition[] {
    return this.#setup?.partitions.report() ?? [];
  }

  #mayServe({ options }: Setup, { partition }: Place, { similarity }: Candidate): boolean {
    const { threshold } = partition.learner;
    if (!options.serve || threshold === undefined || similarity < threshold) return false;
    return this.#parts.clock.random() >= options.verifyShare;
  }

  /** Handed to all who wait in the place of an answer; stored nowhere. */
  #standIn(place: Place, { name, proof, similarity }: Candidate): PlainAnswer {
    const pointer: Pointer = { mark: this.#mark, key: keyIn(place, name), proof, similarity };
    const none = { output: null, metadata: {}, proof: '', ttlMs: 0, storedAt: this.#parts.clock.now() };
    return { ...none, id: newToken(), refusal: 'semantic', pointer };
  }
}
