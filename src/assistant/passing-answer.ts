import type { ModelHit, ModelMetadata } from '@mobius1/cache';
import type { AnswerPart } from './answerer.js';
import type { Answer } from './assistant.dto.js';

/** What is learned of an answer while its parts pass. */
export class PassingAnswer {
  readonly hit: ModelHit;
  /** Present once the last part has passed. */
  metadata: ModelMetadata | undefined;
  #answer: Omit<Answer, 'hit'> = { answer: '', sources: [], confidence: 0 };

  constructor(hit: ModelHit) {
    this.hit = hit;
  }

  /** The parts, as they come. */
  async *through(parts: AsyncIterable<AnswerPart>): AsyncGenerator<AnswerPart> {
    for await (const part of parts) {
      this.#add(part);
      yield part;
    }
  }

  /** All of it. */
  async whole(parts: AsyncIterable<AnswerPart>): Promise<Answer> {
    for await (const part of parts) this.#add(part);
    return { ...this.#answer, hit: this.hit };
  }

  #add(part: AnswerPart): void {
    if (part.type === 'text') this.#answer = { ...this.#answer, answer: this.#answer.answer + part.text };
    else if (part.type === 'end') this.metadata = part.metadata;
    else this.#answer = { ...this.#answer, sources: part.sources, confidence: part.confidence };
  }
}
