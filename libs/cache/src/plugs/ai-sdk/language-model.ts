import type { ModelCache } from '../../features/model/model-cache.js';
import { askOnce } from '../ask-once.js';
import { mapped } from '../mapped.js';
import { generatedMetadata, streamedMetadata } from './answer-metadata.js';
import { type AiSdkCacheOptions, checkOptions, type MobiusProviderMetadata, takeApart } from './call-options.js';
import type { SdkGenerated, SdkLanguageCall, SdkModel, SdkPart, SdkStreamed } from './sdk-types.js';

/** For `wrapLanguageModel` of `ai` 5 and 6. */
export interface LanguageModelCacheMiddleware {
  /** Of `ai` 6. */
  readonly specificationVersion: 'v3';
  /** Of `ai` 5. */
  readonly middlewareVersion: 'v2';
  /** Answers `generateText` and `generateObject`. */
  readonly wrapGenerate: <Call extends SdkLanguageCall, Answer extends SdkGenerated>(
    call: GenerateCall<Call, Answer>,
  ) => Promise<Answer>;
  /** Answers `streamText` and `streamObject`. */
  readonly wrapStream: <Call extends SdkLanguageCall, Part extends SdkPart, Answer extends SdkStreamed<Part>>(
    call: StreamCall<Call, Part, Answer>,
  ) => Promise<Answer>;
}

interface GenerateCall<Call, Answer> {
  readonly params: Call;
  readonly model: SdkModel & { doGenerate(params: Call): PromiseLike<Answer> };
}

interface StreamCall<Call, Part extends SdkPart, Answer extends SdkStreamed<Part>> {
  readonly params: Call;
  readonly model: SdkModel & { doStream(params: Call): PromiseLike<Answer & SdkStreamed<Part>> };
}

/**
 * Keeps answers of a language model of the AI SDK: asked once however many ask the same, kept when they are whole, private to a workspace.
 *
 * @throws InvalidOptionsError when made with wrong options; in a call when nobody says whose answer it is
 *
 * @example
 * const model = wrapLanguageModel({ model: openai('gpt-5'), middleware: cacheLanguageModel(modelCache, { workspaceId: 'w1' }) });
 */
export function cacheLanguageModel(models: ModelCache, options: AiSdkCacheOptions = {}): LanguageModelCacheMiddleware {
  checkOptions('cacheLanguageModel()', options);
  return {
    specificationVersion: 'v3',
    middlewareVersion: 'v2',
    wrapGenerate: (call) => generate(models, options, call),
    wrapStream: (call) => stream(models, options, call),
  };
}

async function generate<Call extends SdkLanguageCall, Answer extends SdkGenerated>(
  models: ModelCache,
  options: AiSdkCacheOptions,
  { params, model }: GenerateCall<Call, Answer>,
): Promise<Answer> {
  const { request, sent } = takeApart(options, { model, params, operation: 'generate' });
  let own: Answer | undefined;
  const { output, ...how } = await askOnce<Answer>(
    models,
    { ...request, signal: params.abortSignal, describe: (answer) => generatedMetadata(answer, wantsJson(params)) },
    async (abortSignal) => {
      own = await model.doGenerate({ ...sent, abortSignal });
      return kept(own);
    },
  );
  const answer = how.hit === 'none' && own !== undefined ? own : output;
  return { ...answer, providerMetadata: told(answer.providerMetadata, how) };
}

async function stream<Call extends SdkLanguageCall, Part extends SdkPart, Answer extends SdkStreamed<Part>>(
  models: ModelCache,
  options: AiSdkCacheOptions,
  { params, model }: StreamCall<Call, Part, Answer>,
): Promise<Answer> {
  const { request, sent } = takeApart(options, { model, params, operation: 'stream' });
  const { pace = 'none' } = options;
  const { abortSignal: signal } = params;
  let own: Answer | undefined;
  const parts = await models.stream<Part>(
    { ...request, pace, ...(signal && { signal }), describe: (all) => streamedMetadata(all, wantsJson(params)) },
    async (abortSignal) => {
      own = await model.doStream({ ...sent, abortSignal });
      return own.stream;
    },
  );
  const replayed = ReadableStream.from(mapped(parts[Symbol.asyncIterator](), (part) => telling(part, parts)));
  return { ...(parts.hit === 'none' ? own : undefined), stream: replayed } as Answer;
}

const wantsJson = ({ responseFormat }: SdkLanguageCall): boolean => responseFormat?.type === 'json';

/**
 * What of an answer is the same for all who ask; what was sent, and the headers that came back, are of one call. Cast, because no type can
 * say of `Answer`, which differs between the versions of the SDK, that it is whole without what is optional in all of them.
 */
function kept<Answer extends SdkGenerated>(answer: Answer): Answer {
  const { request: _request, response, ...rest } = answer as Answer & { request?: object; response?: object };
  if (response === undefined) return rest as unknown as Answer;
  const { headers: _headers, body: _body, ...named } = response as { headers?: unknown; body?: unknown };
  return { ...rest, response: named } as unknown as Answer;
}

/** Metadata of a provider, and how the answer came. */
function told(metadata: object | undefined, { hit, ageMs, ttlMs, fingerprint }: MobiusProviderMetadata): object {
  return { ...metadata, mobius: { hit, ageMs, ttlMs, fingerprint } };
}

/** A part; the last tells how all of them came. */
function telling<Part extends SdkPart>(part: Part, how: MobiusProviderMetadata): Part {
  if (part.type !== 'finish') return part;
  return { ...part, providerMetadata: told((part as { providerMetadata?: object }).providerMetadata, how) };
}
