/** What the gate compares of two questions, without a word of them. */
export interface Signature {
  /** Keyed digest of what has to be the same. */
  readonly exact: string;
  /** Keyed digests of words, in their order. */
  readonly words: readonly number[];
}

/** A question that was answered: where its answer stands, and by what it is found. */
export interface KnownQuestion extends Signature {
  /** The last part of its key. */
  readonly name: string;
  /** What stands inside its entry. */
  readonly proof: string;
}

/** A known question, and how like it is. */
export interface Neighbour extends KnownQuestion {
  readonly similarity: number;
}

/** What is looked for. */
export interface NeighbourQuery {
  /** Of length 1. */
  readonly vector: Float32Array;
  readonly accepts: (question: KnownQuestion) => boolean;
  readonly minSimilarity: number;
  readonly count: number;
}

interface Row {
  readonly question: KnownQuestion;
  readonly vector: Float32Array;
}

// A row beside its vector: strings, digests of words, map node; measured with --expose-gc.
export const ROW_BYTES = 900;

/**
 * Vectors of one partition in the memory of this process, searched one by one: exact, and a few milliseconds at most for as many as it
 * holds. At the bound the oldest is forgotten, which costs a hit.
 */
export class ExactIndex {
  readonly #most: number;
  readonly #rows = new Map<string, Row>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#rows.size;
  }

  get bytes(): number {
    const first = this.#rows.values().next().value;
    return this.#rows.size * (ROW_BYTES + (first?.vector.byteLength ?? 0));
  }

  has(name: string): boolean {
    return this.#rows.has(name);
  }

  /** `vector`: of length 1. */
  add(question: KnownQuestion, vector: Float32Array): void {
    this.#rows.delete(question.name);
    this.#rows.set(question.name, { question, vector });
    const oldest = this.#rows.size > this.#most ? this.#rows.keys().next().value : undefined;
    if (oldest !== undefined) this.#rows.delete(oldest);
  }

  clear(): void {
    this.#rows.clear();
  }

  /** The most similar first. */
  nearest({ vector, accepts, minSimilarity, count }: NeighbourQuery): Neighbour[] {
    const found: Neighbour[] = [];
    for (const { question, vector: other } of this.#rows.values()) {
      if (!accepts(question)) continue;
      const similarity = dot(vector, other);
      if (similarity >= minSimilarity) found.push({ ...question, similarity });
    }
    return found.sort((one, other) => other.similarity - one.similarity).slice(0, count);
  }
}

/** Cosine, as both have length 1. Vectors of other dimensions are like nothing. */
function dot(one: Float32Array, other: Float32Array): number {
  if (one.length !== other.length) return -1;
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += (one[i] as number) * (other[i] as number);
  return Math.min(1, sum);
}

/** The same direction with length 1; `undefined` for what has no direction: of other dimensions, with NaN, infinite, or zero. */
export function unitVector(values: ArrayLike<number> | undefined, dimensions: number): Float32Array | undefined {
  if (values?.length !== dimensions) return undefined;
  let squares = 0;
  for (let i = 0; i < dimensions; i++) squares += (values[i] as number) ** 2;
  const length = Math.sqrt(squares);
  if (!Number.isFinite(length) || length === 0) return undefined;
  return Float32Array.from(values, (value) => value / length);
}
