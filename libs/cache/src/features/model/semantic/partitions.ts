import type { Duration } from '@mobius1/kernel';
import { LRUCache } from 'lru-cache';
import type { SemanticStores } from '../../../core/journal.js';
import { newToken } from '../../../core/token.js';
import { type ModelKey, type ModelQuestion, modelTag, modelWorkspaceTag } from '../model-key.js';
import { AesSeal, type ModelEncryption } from '../sealing.js';
import { ROW_BYTES } from './exact-index.js';
import type { Gate } from './gate.js';
import { Partition } from './partition.js';
import type { ResolvedSemanticOptions } from './semantic-options.js';
import type { SemanticPartition } from './semantic-stats.js';

/** Partitions in this process; those used longest ago go, and are read again when they are needed. */
const MOST_PARTITIONS = 1_000;
/** Numbers in the vectors of a partition: to search them all stops this process for about 5 ms. */
const MOST_NUMBERS = 4_000_000;
// As long as journals live without anybody adding to them.
const EPOCH_TTL = '30d';

/** What is needed of the cache. */
export interface EpochCache {
  get(key: string): Promise<unknown>;
  getOrSet(key: string, load: () => string, options: { ttl: Duration; tags: string[] }): Promise<unknown>;
}

export interface PartitionsParts {
  readonly cache: EpochCache;
  readonly keyOf: (question: ModelQuestion) => ModelKey;
  readonly stores: SemanticStores;
  readonly options: ResolvedSemanticOptions;
  readonly gate: Pick<Gate, 'id'>;
  readonly encryption: ModelEncryption | undefined;
  readonly unreadable: () => void;
}

/** A partition, and what is the same for all questions in it. */
export interface Place {
  readonly partition: Partition;
  readonly key: string;
  /** Keys what the gate stores. */
  readonly signing: string;
  readonly question: ModelQuestion;
}

/** The partitions that this process has to do with, in bounded memory. */
export class Partitions {
  readonly #parts: PartitionsParts;
  readonly #seal: AesSeal | undefined;
  readonly #places = new LRUCache<string, Place>({ max: MOST_PARTITIONS });

  constructor(parts: PartitionsParts) {
    this.#parts = parts;
    this.#seal = parts.encryption && new AesSeal(parts.encryption);
  }

  /** The partition of all questions that differ in their text only. `rest`: the input without it. */
  placeOf({ modelId, workspaceId, params }: ModelQuestion, rest: unknown): Place {
    const { options, gate, keyOf } = this.#parts;
    // The names of embedder and gate belong to it: what two of them made is not compared, nor is what was learned with one true of the other.
    const input = ['semantic', options.embedder.id, options.embedder.dimensions, gate.id, rest];
    const question: ModelQuestion = { modelId, workspaceId, params, input };
    const { key, proof } = keyOf(question);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = { partition: this.#create(key), key, signing: proof, question };
    this.#places.set(key, place);
    return place;
  }

  /** Reads what is new in a partition. False when there is none now: Redis is away, or a transaction goes past the cache. */
  async follow({ partition, key, question: { modelId, workspaceId } }: Place): Promise<boolean> {
    const { cache } = this.#parts;
    const name = `${key}:epoch`;
    const tags = [modelTag(modelId), modelTag(modelId, workspaceId), modelWorkspaceTag(workspaceId)];
    let mine: string | undefined;
    const epoch = await cache.getOrSet(name, () => (mine = newToken()), { ttl: EPOCH_TTL, tags });
    // One that is not stored is an epoch of its own for every question.
    if (epoch === mine && (await cache.get(name)) !== mine) return false;
    await partition.follow(String(epoch));
    this.#makeRoom();
    return true;
  }

  /** Forgets what this process holds of a workspace. */
  forget(workspaceId: string): void {
    for (const [key, { question, partition }] of this.#places.entries()) {
      if (String(question.workspaceId) !== workspaceId) continue;
      partition.forget();
      this.#places.delete(key);
    }
  }

  report(): SemanticPartition[] {
    return [...this.#places.values()].map(({ partition, key, question: { workspaceId, modelId } }) => {
      const { threshold, trips, evidence } = partition.learner;
      const learned = { verified: evidence.counted, wrong: evidence.wrong, trips };
      const { questions } = partition.held;
      const known = { workspaceId: String(workspaceId), modelId, partition: key, questions };
      return { ...known, ...learned, ...(threshold === undefined ? {} : { threshold }) };
    });
  }

  #create(key: string): Partition {
    const { options, stores, unreadable } = this.#parts;
    const { maxErrorRate, confidence, minSimilarity, vectorSets, maxBytes, embedder } = options;
    const fitting = Math.floor(maxBytes / (ROW_BYTES + embedder.dimensions * Float32Array.BYTES_PER_ELEMENT));
    return new Partition({
      ...{ key, stores, unreadable, seal: this.#seal },
      ...{ maxErrorRate, confidence, minSimilarity, vectorSets },
      maxQuestions: options.maxQuestions,
      maxHeld: Math.max(1, Math.min(options.maxQuestions, fitting, Math.floor(MOST_NUMBERS / embedder.dimensions))),
    });
  }

  /** Those used longest ago go until the rest fits. */
  #makeRoom(): void {
    let bytes = 0;
    for (const [key, { partition }] of [...this.#places.entries()]) {
      bytes += partition.held.bytes; // the entries come in the order of their use
      if (bytes > this.#parts.options.maxBytes) this.#places.delete(key);
    }
  }
}
