import { JOURNAL_START, type JournalRow, type SemanticStores } from '../../../core/journal.js';
import type { Seal } from '../sealing.js';
import { ExactIndex, type KnownQuestion, type Neighbour, type Signature } from './exact-index.js';
import { sameOrder } from './gate.js';
import { Learner, type LearnerOptions, type Verdict } from './learner.js';
import {
  type QuestionRow,
  readAttributes,
  readQuestion,
  readVerdict,
  writeAttributes,
  writeQuestion,
  writeVerdict,
} from './question-row.js';

export interface PartitionParts extends LearnerOptions {
  /** Begins the keys of what it keeps. */
  readonly key: string;
  readonly stores: SemanticStores;
  readonly seal: Seal | undefined;
  /** In the store. */
  readonly maxQuestions: number;
  /** In this process. */
  readonly maxHeld: number;
  /** Let the server search, if it can. */
  readonly vectorSets: boolean;
  /** Told of rows that are none. */
  readonly unreadable: () => void;
}

/** Verdicts that are kept: enough for the smallest error rate that may be asked for. */
const MOST_VERDICTS = 16_384;
const CANDIDATES = 4;

/**
 * Questions of one partition that may stand for each other, and what was learned of them. Both are journals that all processes follow:
 * they know the same questions and have heard the same verdicts, in the same order, so they come to the same threshold.
 *
 * Questions hang on an epoch that ends with every invalidation of their model or workspace, verdicts do not: an index of before is out
 * of reach, what was learned stays.
 */
export class Partition {
  readonly #parts: PartitionParts;
  readonly #index: ExactIndex;
  readonly #learner: Learner;
  #epoch = '';
  #questionsAt = JOURNAL_START;
  #verdictsAt = JOURNAL_START;
  #remote = false;
  #following: Promise<void> | undefined;
  #forgotten = false;

  constructor(parts: PartitionParts) {
    this.#parts = parts;
    this.#index = new ExactIndex(parts.maxHeld);
    this.#learner = new Learner(parts);
  }

  get learner(): Pick<Learner, 'threshold' | 'trips' | 'evidence'> {
    return this.#learner;
  }

  /** Questions and bytes in this process. */
  get held(): { readonly questions: number; readonly bytes: number } {
    return { questions: this.#index.size, bytes: this.#index.bytes };
  }

  /** Reads what others have added. Callers at the same time share it. */
  follow(epoch: string): Promise<void> {
    if (this.#epoch !== epoch) this.#begin(epoch);
    this.#following ??= this.#follow().finally(() => (this.#following = undefined));
    return this.#following;
  }

  /** Whether this very question was answered in this epoch; a server is asked for neighbours, and tells it then. */
  knows(name: string): boolean {
    return this.#index.has(name);
  }

  /** Candidates that pass the gate, the most similar first. */
  async nearest(vector: Float32Array, { exact, words }: Signature): Promise<readonly Neighbour[]> {
    const { minSimilarity, stores } = this.#parts;
    const accepts = (other: KnownQuestion): boolean => other.exact === exact && sameOrder(words, other.words);
    if (!this.#remote) return this.#index.nearest({ vector, accepts, minSimilarity, count: CANDIDATES });
    const found = await stores.vectorSets.nearest(this.#setKey, { values: vector, exact, count: CANDIDATES });
    return found.flatMap(({ name, cosine, attributes }) => {
      const question = readAttributes(name, attributes);
      const good = question !== undefined && accepts(question) && cosine >= minSimilarity;
      return good ? [{ ...question, similarity: Math.min(1, cosine) }] : [];
    });
  }

  async add(row: QuestionRow): Promise<void> {
    const { stores, seal, maxQuestions } = this.#parts;
    if (this.#forgotten) return;
    if (this.#remote) {
      const { name, vector: values } = row;
      await stores.vectorSets.add(this.#setKey, { name, values, attributes: writeAttributes(row) }, maxQuestions);
      return;
    }
    if (this.#index.has(row.name)) return;
    const journal = this.#questions;
    this.#index.add(row, row.vector);
    await stores.journal.append(journal, writeQuestion(row, { journal, seal }), maxQuestions);
  }

  /** All processes hear a verdict where they follow; where none is kept, this one hears it at once. */
  async learn(verdict: Verdict): Promise<void> {
    const { journal } = this.#parts.stores;
    if (this.#forgotten) return;
    if (!journal.kept) {
      this.#learner.add(verdict);
      return;
    }
    await journal.append(this.#verdicts, writeVerdict(verdict), MOST_VERDICTS);
    await this.follow(this.#epoch);
  }

  /** It is erased: what was asked before, and is answered only now, is not kept any more. */
  forget(): void {
    this.#forgotten = true;
    this.#index.clear();
  }

  get #questions(): string {
    return `${this.#parts.key}:${this.#epoch}:questions`;
  }

  get #setKey(): string {
    return `${this.#parts.key}:${this.#epoch}:vectors`;
  }

  get #verdicts(): string {
    return `${this.#parts.key}:verdicts`;
  }

  #begin(epoch: string): void {
    this.#epoch = epoch;
    this.#questionsAt = JOURNAL_START;
    this.#index.clear();
  }

  async #follow(): Promise<void> {
    const { stores, vectorSets, seal } = this.#parts;
    const epoch = this.#epoch;
    // A server searches what it can read only.
    this.#remote = vectorSets && seal === undefined && (await stores.vectorSets.available());
    await this.#readVerdicts();
    if (this.#remote) return;
    const journal = this.#questions;
    for await (const { id, row } of this.#rows(journal, this.#questionsAt)) {
      if (this.#epoch !== epoch) return; // an invalidation came between: these are no questions any more
      this.#questionsAt = id;
      const question = readQuestion(row, { journal, seal });
      if (question === undefined) this.#parts.unreadable();
      else this.#index.add(question, question.vector);
    }
  }

  async #readVerdicts(): Promise<void> {
    for await (const { id, row } of this.#rows(this.#verdicts, this.#verdictsAt)) {
      this.#verdictsAt = id;
      const verdict = readVerdict(row);
      if (verdict === undefined) this.#parts.unreadable();
      else this.#learner.add(verdict);
    }
  }

  /** The rows behind a position, page by page. */
  async *#rows(key: string, after: string): AsyncGenerator<JournalRow> {
    for (let position = after; ;) {
      const page = await this.#parts.stores.journal.since(key, position);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      position = last.id;
    }
  }
}
