import { type Clock, CodedError, withDeadline } from '@mobius1/kernel';
import { NO_STORES, type SemanticStores } from '../../../core/journal.js';
import { newToken } from '../../../core/token.js';
import { joinKey, type KeyPart } from '../../manager/cache-keys.js';
import type { ModelKey, ModelQuestion } from '../model-key.js';
import type { PlainAnswer, Pointer } from '../model-types.js';
import type { ModelEncryption } from '../sealing.js';
import { EmbeddingError, embedText } from './embedding.js';
import type { Neighbour, Signature } from './exact-index.js';
import { FewBehind, MOST_HEAVY } from './few-behind.js';
import { Gate } from './gate.js';
import { type EpochCache, Partitions, type Place } from './partitions.js';
import type { SplitInput } from './last-user-text.js';
import type { ResolvedSemanticOptions } from './semantic-options.js';
import { sign } from './signing.js';
import { noSemanticCounts, type SemanticPartition, type SemanticStats } from './semantic-stats.js';

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

/** What came of looking a question up. */
interface Looked {
  /** Where the answer stands that may be given. */
  readonly pointer?: Pointer;
  /** Told the answer of the model, once it is whole. Never fails, never waits. */
  answered(fresh: PlainAnswer): void;
}

/** A question on its way: where it belongs, and how it is found. */
interface Asked {
  readonly place: Place;
  readonly own: ModelKey;
  readonly signature: Signature;
  readonly vector: Float32Array;
}

interface Candidate extends Neighbour {
  readonly answer: PlainAnswer;
}

interface Configuration {
  readonly semantic: ResolvedSemanticOptions | undefined;
  readonly encryption: ModelEncryption | undefined;
}

interface Setup {
  readonly encryption: ModelEncryption | undefined;
  readonly options: ResolvedSemanticOptions;
  readonly gate: Gate;
  readonly partitions: Partitions;
}

// What an embedder that never answers may keep waiting.
const MOST_LOOKUPS = 64;
/** A judge that asks a model takes seconds. */
const JUDGE_MS = 60_000;

class TooSlowError extends CodedError {
  readonly code = 'CACHE_SEMANTIC_TOO_SLOW';
}

/**
 * The semantic tier: another question's answer, when both surely mean the same (G18).
 *
 * It is asked when a question has no answer of its own, and ends with a pointer to the exact entry of another question of the same
 * partition. The answer is read there, by everybody who gets it, on the path of all answers: an invalidation, an end of life or an
 * erasure of that entry is one of the semantic hit, too (G1, G2). Similarity finds candidates; what decides is the gate, and a threshold
 * that was learned from answers of this partition. Until it is, the model is asked, which it would be anyway, and its answer compared.
 *
 * Whatever is wrong with it is counted, and the model is asked (G10). A lookup ends with its deadline; what comes after it is behind.
 */
export class SemanticTier {
  readonly #parts: SemanticParts;
  readonly #counts = noSemanticCounts();
  readonly #behind = new FewBehind();
  /** Tells pointers of this process from what somebody else may have put into the store. */
  readonly #mark = newToken();
  #setup: Setup | undefined;
  #lookups = 0;

  constructor(parts: SemanticParts) {
    this.#parts = parts;
  }

  get stats(): SemanticStats {
    return { ...this.#counts };
  }

  /** `undefined` turns it off; what was learned stays where it is kept. */
  configure({ semantic: options, encryption }: Configuration): void {
    const { cache, keyOf, stores = NO_STORES } = this.#parts;
    const now = this.#setup;
    if (now?.options === options && now?.encryption === encryption) return;
    this.#setup = options && {
      options,
      encryption,
      gate: new Gate(options.gate),
      partitions: new Partitions({
        ...{ cache, keyOf, stores, options, encryption },
        unreadable: () => this.#counts.unreadable++,
      }),
    };
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
      const looked = await this.#lookUp(setup, question, own, oldestMs);
      if (looked?.pointer !== undefined) return this.#standIn(looked.pointer);
      const fresh = await make();
      if (fresh.refusal === undefined) looked?.answered(fresh);
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
    this.#later(async () => {
      const asked = await this.#bounded(setup, async (signal) => {
        const split = splitOf(setup, question);
        return split && this.#find(setup, { question, own, split }, signal);
      });
      if (asked !== undefined) await this.#keep(asked);
    });
  }

  /** Forgets what this process holds of a workspace. */
  erase(workspaceId: KeyPart): void {
    this.#setup?.partitions.forget(String(workspaceId));
  }

  /** What was learned, for the partitions that this process has to do with. */
  report(): SemanticPartition[] {
    return this.#setup?.partitions.report() ?? [];
  }

  async #lookUp(setup: Setup, question: ModelQuestion, own: ModelKey, oldestMs: number): Promise<Looked | undefined> {
    const looked = await this.#bounded(setup, async (signal) => {
      const split = splitOf(setup, question);
      if (split === undefined) return undefined;
      this.#counts.asked++;
      const asked = await this.#find(setup, { question, own, split }, signal);
      return asked && { asked, candidate: await this.#candidate(asked, oldestMs) };
    });
    if (looked === undefined) return undefined;
    const { asked, candidate } = looked;
    if (candidate !== undefined) this.#counts.candidates++;
    if (candidate !== undefined && this.#mayServe(setup, asked.place, candidate)) {
      const { name, proof, similarity } = candidate;
      const pointer = { mark: this.#mark, key: this.#keyOf(asked.place, name), proof, similarity };
      return { pointer, answered: () => undefined };
    }
    return { answered: (fresh) => this.#answered(setup, { asked, candidate }, fresh) };
  }

  /** Where a question belongs and how it is found; `undefined` when its partition cannot be read. */
  async #find(
    { options, gate, partitions }: Setup,
    { question, own, split }: { question: ModelQuestion; own: ModelKey; split: SplitInput },
    signal: AbortSignal,
  ): Promise<Asked | undefined> {
    const place = partitions.placeOf(question, split.rest);
    const embedded = embedText(options.embedder, split.text, signal);
    const [vector, followed] = await Promise.all([embedded, partitions.follow(place)]);
    if (!followed) return undefined;
    return { place, own, vector, signature: sign(gate.featuresOf(split.text), place.signing) };
  }

  /** The most similar question whose answer stands. A question that had an answer of its own is asked again. */
  async #candidate({ place, own, signature, vector }: Asked, oldestMs: number): Promise<Candidate | undefined> {
    const mine = nameOf(own);
    if (place.partition.knows(mine)) return undefined;
    const neighbours = await place.partition.nearest(vector, signature);
    if (neighbours.some(({ name }) => name === mine)) return undefined;
    for (const neighbour of neighbours) {
      const { name, proof } = neighbour;
      const answer = await this.#parts.read({ key: this.#keyOf(place, name), proof }, oldestMs);
      if (answer !== undefined) return { ...neighbour, answer };
    }
    return undefined;
  }

  #mayServe({ options }: Setup, { partition }: Place, { similarity }: Candidate): boolean {
    const { threshold } = partition.learner;
    if (!options.serve || threshold === undefined || similarity < threshold) return false;
    return this.#parts.clock.random() >= options.verifyShare;
  }

  #answered(
    setup: Setup,
    { asked, candidate }: { readonly asked: Asked; readonly candidate: Candidate | undefined },
    fresh: PlainAnswer,
  ): void {
    if (candidate === undefined) {
      this.#later(() => this.#keep(asked));
      return;
    }
    const verify = async (): Promise<void> => {
      await this.#verify(setup, { asked, candidate, fresh });
      await this.#keep(asked);
    };
    this.#later(verify, MOST_HEAVY);
  }

  async #verify(
    { options }: Setup,
    { asked, candidate, fresh }: { asked: Asked; candidate: Candidate; fresh: PlainAnswer },
  ): Promise<void> {
    const { similarity, answer } = candidate;
    let same: boolean;
    try {
      const judged = Promise.resolve(options.equivalent(fresh.output, answer.output));
      same = await withDeadline(
        judged,
        JUDGE_MS,
        () => new TooSlowError('equivalent() took too long.'),
        this.#parts.clock,
      );
    } catch {
      this.#counts.judgeFailures++;
      return;
    }
    this.#counts.verified++;
    if (!same) this.#counts.wrong++;
    await asked.place.partition.learn({ similarity, wrong: !same });
  }

  #keep({ place, own, signature, vector }: Asked): Promise<void> {
    return place.partition.add({ name: nameOf(own), proof: own.proof, ...signature, vector });
  }

  /** Only ever a key of the same workspace and model, whatever a row says. */
  #keyOf({ question: { workspaceId, modelId } }: Place, name: string): string {
    return joinKey('model', { workspaceId, modelId, name });
  }

  /** Handed to all who wait in the place of an answer; stored nowhere. */
  #standIn(pointer: Pointer): PlainAnswer {
    const none = { output: null, metadata: {}, proof: '', ttlMs: 0, storedAt: this.#parts.clock.now() };
    return { ...none, id: newToken(), refusal: 'semantic', pointer };
  }

  #later(work: () => Promise<void>, most?: number): void {
    const added = this.#behind.add(() => work().catch((error: unknown) => this.#count(error)), most);
    if (!added) this.#counts.skipped++;
  }

  /** Within the deadline; whatever fails is counted. Work that goes on behind it still counts as under way. */
  async #bounded<T>({ options }: Setup, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (this.#lookups >= MOST_LOOKUPS) {
      this.#counts.skipped++;
      return undefined;
    }
    this.#lookups++;
    const controller = new AbortController();
    const working = work(controller.signal).finally(() => this.#lookups--);
    try {
      const late = (): Error => new TooSlowError('The lookup took too long.');
      return await withDeadline(working, options.timeout, late, this.#parts.clock);
    } catch (error) {
      this.#count(error);
      return undefined;
    } finally {
      controller.abort();
    }
  }

  #count(error: unknown): void {
    if (error instanceof EmbeddingError) this.#counts.embedderFailures++;
    else if (error instanceof TooSlowError) this.#counts.timeouts++;
    else if (error instanceof CodedError) this.#counts.unavailable++;
    else this.#counts.judgeFailures++;
  }
}

/** The text by which a question may be like another one; `undefined` when it is like none. */
function splitOf({ options }: Setup, { input }: ModelQuestion): SplitInput | undefined {
  const split = options.split(input);
  return split && split.text.trim() !== '' && split.text.length <= options.maxTextLength ? split : undefined;
}

const nameOf = ({ key }: Pick<ModelKey, 'key'>): string => key.slice(key.lastIndexOf(':') + 1);
