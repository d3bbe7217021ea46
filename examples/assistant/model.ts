// The model behind the assistant: a real one where MODEL_BASE_URL says so, else one that knows two answers and costs nothing.
// In an application this file is one line, such as `openai('gpt-5')` of @ai-sdk/openai; here nothing more has to be installed.
import { type LanguageModel, simulateReadableStream } from 'ai';
import { MockLanguageModelV3 } from 'ai/test';
import OpenAI from 'openai';

type Model = Extract<LanguageModel, { specificationVersion: 'v3' }>;
type CallOptions = Parameters<Model['doStream']>[0];
type Part = Awaited<ReturnType<Model['doStream']>>['stream'] extends ReadableStream<infer One> ? One : never;

/** Milliseconds between two words: as fast as models are. */
const PACE = 40;

const ANSWERS: Readonly<Record<string, string>> = {
  'What is the NIE?': 'The NIE is the number by which Spain knows a foreigner.',
  'Where do I apply for it?': 'At a police station in Spain, or at a consulate abroad.',
};

export function createModel(): Model {
  const { MODEL_BASE_URL: baseURL, MODEL_NAME: modelId = 'gpt-5-mini', MODEL_API_KEY: apiKey = 'none' } = process.env;
  if (!baseURL) return scripted();
  const client = new OpenAI({ baseURL, apiKey });
  return new MockLanguageModelV3({
    provider: new URL(baseURL).host,
    modelId,
    doStream: async (options) => ({ stream: ReadableStream.from(remote(client, modelId, options)) }),
  });
}

const scripted = (): Model =>
  new MockLanguageModelV3({
    modelId: 'scripted',
    doStream: async (options) => {
      const words = (ANSWERS[questionOf(options)] ?? 'I do not know.').match(/\S+\s*/g) ?? [];
      const chunks = [...text(words), finish('stop', { input: 20, output: words.length })];
      return { stream: simulateReadableStream({ chunks, initialDelayInMs: PACE, chunkDelayInMs: PACE }) };
    },
  });

async function* remote(client: OpenAI, model: string, options: CallOptions): AsyncGenerator<Part> {
  const stream = await client.chat.completions.create(
    {
      ...{ model, stream: true, stream_options: { include_usage: true } },
      messages: [{ role: 'user', content: questionOf(options) }],
    },
    options.abortSignal ? { signal: options.abortSignal } : {},
  );
  let reason = '';
  let spent = { input: 0, output: 0 };
  yield { type: 'text-start', id: '1' };
  for await (const { choices, usage } of stream) {
    const delta = choices[0]?.delta.content;
    if (delta) yield { type: 'text-delta', id: '1', delta };
    reason = choices[0]?.finish_reason ?? reason;
    if (usage) spent = { input: usage.prompt_tokens, output: usage.completion_tokens };
  }
  yield { type: 'text-end', id: '1' };
  yield finish(reason, spent);
}

function questionOf({ prompt }: CallOptions): string {
  const parts = prompt.flatMap(({ role, content }) => (role === 'user' ? content : []));
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
}

const text = (words: readonly string[]): Part[] => [
  { type: 'text-start', id: '1' },
  ...words.map((delta): Part => ({ type: 'text-delta', id: '1', delta })),
  { type: 'text-end', id: '1' },
];

/** Only an answer that says that it is whole is kept. */
const finish = (raw: string, { input, output }: { input: number; output: number }): Part => ({
  type: 'finish',
  finishReason: { unified: raw === 'stop' ? 'stop' : 'other', raw },
  usage: {
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: output, text: output, reasoning: 0 },
  },
});
