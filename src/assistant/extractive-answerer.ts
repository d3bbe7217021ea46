import { Answerer, type AnswerPart, type Source } from './answerer.js';
import { findPassages } from './passages.js';

const MOST_SENTENCES = 3;

/** Answers with sentences of the documents, word by word: the model when there is no other. It costs nothing, and invents nothing. */
export class ExtractiveAnswerer extends Answerer {
  readonly modelId = 'extractive-1';
  readonly instant = true;
  readonly params = {};

  async *answer(question: string, sources: readonly Source[]): AsyncGenerator<AnswerPart> {
    const { sentences, confidence, ...found } = findPassages(question, sources, MOST_SENTENCES);
    yield { type: 'sources', ...found, confidence };
    const words = sentences.join(' ').match(/\S+\s*/g) ?? [];
    for (const text of words) yield { type: 'text', text };
    yield { type: 'end', metadata: { confidence, finishReason: 'stop' } };
  }
}
