import { type Clock, withDeadline } from '@mobius1/kernel';
import { joinKey } from '../../manager/cache-keys.js';
import type { ModelKey, ModelQuestion } from '../model-key.js';
import type { PlainAnswer } from '../model-types.js';
import type { ModelEncryption } from '../sealing.js';
import { embedText } from './embedding.js';
import type { Neighbour, Signature } from './exact-index.js';
import { countFailure, TooSlowError } from './failures.js';
import type { Gate } from './gate.js';
import type { Partitions, Place } from './partitions.js';
import type { ResolvedSemanticOptions } from './semantic-options.js';
import type { SemanticCounts } from './semantic-stats.js';
import { sign } from './signing.js';

/** The tier as it is configured now. */
export interface Setup {
  readonly encryption: ModelEncryption | undefined;
  readonly options: ResolvedSemanticOptions;
  readonly gate: Gate;
  readonly partitions: Partitions;
}

/** A question that may be like another one: where it belongs, and by what text. */
export interface Located {
  readonly place: Place;
  readonly own: ModelKey;
  readonly text: string;
}

/** A question, and how it is found. */
export interface Asked extends Pick<Located, 'place' | 'own'> {
  readonly signature: Signature;
  readonly vector: Float32Array;
}

/** Another question whose answer stands. */
export interface Candidate extends Neighbour {
  readonly answer: PlainAnswer;
}

/** What came of looking a question up. */
export interface Found {
  readonly asked: Asked;
  readonly candidate: Candidate | undefined;
}

interface LookupParts {
  readonly clock: Clock;
  readonly counts: SemanticCounts;
  /** The answer under a key, by the path that every answer is read on; `undefined` when it does not stand. */
  readonly read: (key: Pick<ModelKey, 'key' | 'proof'>, oldestMs: number) => Promise<PlainAnswer | undefined>;
}

// What an embedder that never answers may keep waiting.
const MOST_LOOKUPS = 64;

/** Finds questions: within a deadline, a bounded number at a time. Whatever fails is counted and finds nothing. */
export class Lookups {
  readonly #parts: LookupParts;
  #underWay = 0;

  constructor(parts: LookupParts) {
    this.#parts = parts;
  }

  /** `undefined` when a question is like none. */
  locate({ options, partitions }: Setup, question: ModelQuestion, own: ModelKey): Located | undefined {
    try {
      const split = options.split(question.input);
      if (split === undefined || split.text.trim() === '' || split.text.length > options.maxTextLength)
        return undefined;
      return { place: partitions.placeOf(question, split.rest), own, text: split.text };
    } catch (error) {
      countFailure(this.#parts.counts, error);
      return undefined;
    }
  }

  /** How a question is found; `undefined` when that cannot be told in time, or its partition cannot be read. */
  ask(setup: Setup, located: Located): Promise<Asked | undefined> {
    return this.#bounded(setup, (signal) => ask(setup, located, signal));
  }

  /** The same, with the most similar question whose answer may be given. */
  find(setup: Setup, located: Located, oldestMs: number): Promise<Found | undefined> {
    return this.#bounded(setup, async (signal) => {
      this.#parts.counts.asked++;
      const asked = await ask(setup, located, signal);
      return asked && { asked, candidate: await this.#candidate(asked, oldestMs) };
    });
  }

  /** The most similar question whose answer stands. A question that had an answer of its own is asked again. */
  async #candidate({ place, own, signature, vector }: Asked, oldestMs: number): Promise<Candidate | undefined> {
    const mine = nameOf(own);
    if (place.partition.knows(mine)) return undefined;
    const neighbours = await place.partition.nearest(vector, signature);
    if (neighbours.some(({ name }) => name === mine)) return undefined;
    for (const neighbour of neighbours) {
      const { name, proof } = neighbour;
      const answer = await this.#parts.read({ key: keyIn(place, name), proof }, oldestMs);
      if (answer !== undefined) return { ...neighbour, answer };
    }
    return undefined;
  }

  /** Within the deadline. Work that goes on behind it still counts as under way. */
  async #bounded<T>({ options }: Setup, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const { clock, counts } = this.#parts;
    if (this.#underWay >= MOST_LOOKUPS) {
      counts.skipped++;
      return undefined;
    }
    this.#underWay++;
    const controller = new AbortController();
    const working = work(controller.signal).finally(() => this.#underWay--);
    try {
      const late = (): Error => new TooSlowError('The lookup took too long.');
      return await withDeadline(working, options.timeout, late, clock);
    } catch (error) {
      countFailure(counts, error);
      return undefined;
    } finally {
      controller.abort();
    }
  }
}

async function ask(
  { options, gate, partitions }: Setup,
  { place, own, text }: Located,
  signal: AbortSignal,
): Promise<Asked | undefined> {
  const embedded = embedText(options.embedder, text, signal);
  const [vector, followed] = await Promise.all([embedded, partitions.follow(place)]);
  return followed ? { place, own, vector, signature: sign(gate.featuresOf(text), place.signing) } : undefined;
}

/** The name of a question in its partition: the last part of its key. */
export const nameOf = ({ key }: Pick<ModelKey, 'key'>): string => key.slice(key.lastIndexOf(':') + 1);

/** Only ever a key of the same workspace and model, whatever a row says. */
export const keyIn = ({ question: { workspaceId, modelId } }: Place, name: string): string =>
  joinKey('model', { workspaceId, modelId, name });
