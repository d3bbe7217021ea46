import { Answerer, type AnswerPart, type Source } from './answerer.js';
import { findPassages } from './passages.js';

const MOST_SENTENCES = 3;
/** Characters of a token, about what models for European languages make of them. */
const CHARACTERS_PER_TOKEN = 4;

/** What texts would cost a model that counts in tokens. */
const tokensOf = (...texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + Math.ceil(text.length / CHARACTERS_PER_TOKEN), 0);

/** Answers with sentences of the documents, word by word: the model when there is no other. It costs nothing, and invents nothing. */
export class ExtractiveAnswerer extends Answerer {
  readonly modelId = 'extractive-1';
  readonly instant = true;
  readonly params = {};

  async *answer(question: string, sources: readonly Source[]): AsyncGenerator<AnswerPart> {
    const { sentences, confidence, ...found } = findPassages(question, sources, MOST_SENTENCES);
    yield { type: 'sources', ...found, confidence };
    const answer = sentences.join(' ');
    for (const text of answer.match(/\S+\s*/g) ?? []) yield { type: 'text', text };
    yield { type: 'end', metadata: { confidence, finishReason: 'stop', tokens: tokensOf(question, answer) } };
  }
}
