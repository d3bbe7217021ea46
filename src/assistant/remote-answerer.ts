import type { ModelMetadata } from '@mobius1/cache';
import OpenAI from 'openai';
import type { RemoteModel } from '../config.js';
import { Answerer, type AnswerPart, type Source } from './answerer.js';
import { findPassages } from './passages.js';

/** Enough for a model to see what a sentence means, few enough to stay cheap. */
const MOST_SENTENCES = 12;
/** Milliseconds until its first part: longer than that nobody waits for an assistant. */
const TIMEOUT = 60_000;

const INSTRUCTIONS =
  'Answer the question in its own language, briefly, from the passages alone. When they do not answer it, say that you do not know.';

/** Asks any model that speaks the protocol of OpenAI, with what the documents say about the question. */
export class RemoteAnswerer extends Answerer {
  readonly modelId: string;
  readonly instant = false;
  /** The passages come from the documents, and these make answers void when they change. */
  readonly params = { instructions: INSTRUCTIONS, passages: MOST_SENTENCES, temperature: 0 };
  readonly #client: OpenAI;

  constructor({ baseUrl, apiKey, name }: RemoteModel) {
    super();
    this.modelId = name;
    // Retries belong to whoever waits for the answer.
    this.#client = new OpenAI({ baseURL: baseUrl, apiKey: apiKey ?? 'none', maxRetries: 0, timeout: TIMEOUT });
  }

  async *answer(question: string, sources: readonly Source[], signal: AbortSignal): AsyncGenerator<AnswerPart> {
    const { sentences, confidence, ...found } = findPassages(question, sources, MOST_SENTENCES);
    const { instructions: content, temperature } = this.params;
    const stream = await this.#client.chat.completions.create(
      {
        ...{ model: this.modelId, temperature, stream: true, stream_options: { include_usage: true } },
        messages: [
          { role: 'system', content },
          { role: 'user', content: `Passages:\n${sentences.join('\n')}\n\nQuestion: ${question}` },
        ],
      },
      { signal },
    );
    yield { type: 'sources', ...found, confidence };
    let finishReason = 'unknown';
    let spent: Pick<ModelMetadata, 'tokens' | 'usage'> = {};
    for await (const { choices, usage } of stream) {
      const text = choices[0]?.delta.content ?? '';
      if (text !== '') yield { type: 'text', text };
      finishReason = choices[0]?.finish_reason ?? finishReason;
      if (usage) spent = spentBy(usage);
    }
    yield { type: 'end', metadata: { finishReason, ...spent } };
  }
}

function spentBy({ prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details }: OpenAI.CompletionUsage) {
  const cachedInput = prompt_tokens_details?.cached_tokens ?? 0;
  return {
    tokens: total_tokens,
    usage: { input: prompt_tokens - cachedInput, cachedInput, output: completion_tokens },
  };
}
