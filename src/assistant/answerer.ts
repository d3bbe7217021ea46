import type { ModelMetadata } from '@mobius1/cache';

/** What answers are taken from. */
export interface Source {
  readonly id: string;
  readonly title: string;
  readonly content: string;
}

/** What an answer is made of, as it comes. */
export type AnswerPart =
  /** Comes first: the documents that are about the question, and how much of it was found in them, 0 to 1. */
  | {
      readonly type: 'sources';
      readonly sources: readonly { readonly id: string; readonly title: string }[];
      readonly confidence: number;
    }
  | { readonly type: 'text'; readonly text: string }
  /** Comes last. */
  | { readonly type: 'end'; readonly metadata: ModelMetadata };

/** What answers questions from documents: the model of the assistant. */
export abstract class Answerer {
  /** Names it in keys of the cache: another way of answering is another model. */
  abstract readonly modelId: string;
  /** It answers at once, and for nothing. */
  abstract readonly instant: boolean;
  /** What else changes its answers. */
  abstract readonly params: Readonly<Record<string, unknown>>;

  abstract answer(question: string, sources: readonly Source[], signal: AbortSignal): AsyncIterable<AnswerPart>;
}
