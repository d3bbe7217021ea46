import * as sdk6 from 'ai';
import { MockEmbeddingModelV3, MockLanguageModelV3 } from 'ai/test';
import * as sdk5 from 'ai-5';
import { MockEmbeddingModelV2, MockLanguageModelV2 } from 'ai-5/test';
import {
  type AiSdkCacheOptions,
  cacheEmbeddingModel,
  cacheLanguageModel,
  wrapEmbeddingModelV2,
} from '@mobius1/cache/ai-sdk';
import type { ModelCache } from '@mobius1/cache/standalone';

/** What a model of the tests answers. */
export interface Scripted {
  readonly text?: string;
  readonly finishReason?: 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'error';
  /** Beside the text. */
  readonly content?: readonly object[];
  /** Instead of the text, as parts of a stream; `finish` follows unless `cutOff`. */
  readonly parts?: readonly object[];
  readonly cutOff?: boolean;
  /** Resolves when the answer may come. */
  readonly held?: Promise<unknown>;
  readonly fails?: Error;
}

interface Calls {
  readonly generate: readonly { readonly abortSignal?: AbortSignal; readonly providerOptions?: unknown }[];
  readonly stream: readonly { readonly abortSignal?: AbortSignal }[];
}

/** A language model behind the cache, and what it was asked. */
export interface CachedModel {
  /** For the functions of its SDK. */
  readonly model: sdk6.LanguageModel;
  readonly calls: Calls;
}

interface Names {
  readonly modelId?: string;
  readonly provider?: string;
}

/** Both versions of the SDK, behind one face: what differs is how finish and usage are written. */
export interface SdkVersion {
  readonly sdk: Pick<
    typeof sdk6,
    'generateText' | 'streamText' | 'generateObject' | 'streamObject' | 'embed' | 'embedMany'
  >;
  language(models: ModelCache, answer: () => Scripted, options?: AiSdkCacheOptions & Names): CachedModel;
  embedding(
    models: ModelCache,
    answer: (values: readonly string[], signal?: AbortSignal) => number[][] | Promise<number[][]>,
    options?: AiSdkCacheOptions & Names,
  ): { readonly model: sdk6.EmbeddingModel; readonly calls: readonly (readonly string[])[] };
}

const NAMES = { modelId: 'mock-1', provider: 'mock' };

const USAGE_V3 = {
  inputTokens: { total: 10, noCache: 6, cacheRead: 4, cacheWrite: 0 },
  outputTokens: { total: 5, text: 5, reasoning: 0 },
};
const USAGE_V2 = { inputTokens: 10, cachedInputTokens: 4, outputTokens: 5, totalTokens: 15 };

function contentOf({ text = 'an answer', content = [] }: Scripted): object[] {
  return [...content, ...(text === '' ? [] : [{ type: 'text', text }])];
}

const RESPONSE = {
  ...{ id: 'r1', timestamp: new Date(0), modelId: 'mock-1-2026' },
  headers: { 'x-ratelimit-remaining': '7' },
};

function partsOf({ text = 'an answer', parts, cutOff = false }: Scripted, finish: object): object[] {
  const words = text.split(/(?<= )/);
  return [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', id: 'r1', timestamp: new Date(0), modelId: 'mock-1-2026' },
    ...(parts ?? [
      { type: 'text-start', id: '1' },
      ...words.map((delta) => ({ type: 'text-delta', id: '1', delta })),
      { type: 'text-end', id: '1' },
    ]),
    ...(cutOff ? [] : [{ ...finish, providerMetadata: { mock: { region: 'eu' } } }]),
  ];
}

async function* heldParts(parts: readonly object[], held: Promise<unknown> | undefined): AsyncGenerator<object> {
  for (const [i, part] of parts.entries()) {
    if (i === 3) await held;
    yield part;
  }
}

/** What both specifications answer; `style` writes the finish reason and has the usage. */
function answers(answer: () => Scripted, style: { usage: object; finish: (reason: string) => unknown }) {
  return {
    doGenerate: async (): Promise<never> => {
      const scripted = answer();
      await scripted.held;
      if (scripted.fails !== undefined) throw scripted.fails;
      const finishReason = style.finish(scripted.finishReason ?? 'stop');
      const told = { request: { body: 'sent' }, response: RESPONSE, providerMetadata: { mock: { region: 'eu' } } };
      return { content: contentOf(scripted), finishReason, usage: style.usage, warnings: [], ...told } as never;
    },
    doStream: async (): Promise<never> => {
      const scripted = answer();
      if (scripted.fails !== undefined) throw scripted.fails;
      const finishReason = style.finish(scripted.finishReason ?? 'stop');
      const parts = partsOf(scripted, { type: 'finish', finishReason, usage: style.usage });
      const told = { request: { body: 'sent' }, response: { headers: RESPONSE.headers } };
      return { stream: ReadableStream.from(heldParts(parts, scripted.held)), ...told } as never;
    },
  };
}

const six: SdkVersion = {
  sdk: sdk6,
  language(models, answer, { modelId, provider, ...options } = {}) {
    const finish = (unified: string): unknown => ({ unified, raw: unified });
    const model = new MockLanguageModelV3({
      ...{ ...NAMES, ...(modelId && { modelId }), ...(provider && { provider }) },
      ...answers(answer, { usage: USAGE_V3, finish }),
    });
    return {
      model: sdk6.wrapLanguageModel({ model, middleware: cacheLanguageModel(models, options) }),
      calls: { generate: model.doGenerateCalls, stream: model.doStreamCalls },
    };
  },
  embedding(models, answer, { modelId, provider, ...options } = {}) {
    const calls: string[][] = [];
    const model = new MockEmbeddingModelV3({
      ...{ ...NAMES, ...(modelId && { modelId }), ...(provider && { provider }), maxEmbeddingsPerCall: 100 },
      doEmbed: async ({ values, abortSignal }) => {
        calls.push(values);
        return {
          embeddings: await answer(values, abortSignal),
          usage: { tokens: values.join('').length },
          warnings: [],
        };
      },
    });
    return { model: sdk6.wrapEmbeddingModel({ model, middleware: cacheEmbeddingModel(models, options) }), calls };
  },
};

const five: SdkVersion = {
  sdk: sdk5 as unknown as SdkVersion['sdk'],
  language(models, answer, { modelId, provider, ...options } = {}) {
    const model = new MockLanguageModelV2({
      ...{ ...NAMES, ...(modelId && { modelId }), ...(provider && { provider }) },
      ...answers(answer, { usage: USAGE_V2, finish: (reason) => reason }),
    });
    const wrapped = sdk5.wrapLanguageModel({ model, middleware: cacheLanguageModel(models, options) });
    return {
      model: wrapped,
      calls: { generate: model.doGenerateCalls, stream: model.doStreamCalls },
    };
  },
  embedding(models, answer, { modelId, provider, ...options } = {}) {
    const calls: string[][] = [];
    const model = new MockEmbeddingModelV2<string>({
      ...{ ...NAMES, ...(modelId && { modelId }), ...(provider && { provider }), maxEmbeddingsPerCall: 100 },
      doEmbed: async ({ values, abortSignal }) => {
        calls.push(values);
        return { embeddings: await answer(values, abortSignal), usage: { tokens: values.join('').length } };
      },
    });
    const wrapped: typeof model = wrapEmbeddingModelV2({ model, middleware: cacheEmbeddingModel(models, options) });
    return { model: wrapped, calls };
  },
};

export const VERSIONS = [
  ['ai 6', six],
  ['ai 5', five],
] as const;
