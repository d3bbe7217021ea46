import type { ModelMetadata } from '../../features/model/admission.js';
import type { ModelCache } from '../../features/model/model-cache.js';
import type { ModelHit } from '../../features/model/model-types.js';
import { type AnswerOnce, askOnce } from '../ask-once.js';
import { type AiSdkCacheOptions, checkOptions, takeApart } from './call-options.js';
import { Gathered } from './gathered.js';
import type { SdkEmbedCall, SdkEmbedded, SdkModel } from './sdk-types.js';

interface EmbedCall<Call, Answer> {
  readonly params: Call;
  readonly model: SdkModel & { doEmbed(params: Call): PromiseLike<Answer> };
}

/** For `wrapEmbeddingModel` of `ai` 6, and for `wrapEmbeddingModelV2`. */
export interface EmbeddingModelCacheMiddleware {
  /** Of `ai` 6. */
  readonly specificationVersion: 'v3';
  /** Answers `embed` and `embedMany`. */
  readonly wrapEmbed: <Call extends SdkEmbedCall, Answer extends SdkEmbedded>(
    call: EmbedCall<Call, Answer>,
  ) => Promise<Answer>;
}

/** An embedding as it is kept: each value by itself, whatever it was asked together with. */
interface KeptEmbedding {
  readonly embedding: readonly number[];
  /** Of this value; those of a batch are shared out by length. */
  readonly tokens?: number;
}

/**
 * Keeps embeddings, each value by itself: of a list only those are asked for, in one call, that are not kept.
 *
 * @throws InvalidOptionsError when made with wrong options; in a call when nobody says whose answer it is
 *
 * @example
 * const model = wrapEmbeddingModel({ model: openai.embeddingModel('…'), middleware: cacheEmbeddingModel(modelCache, { workspaceId: 'w1' }) });
 */
export function cacheEmbeddingModel(
  models: ModelCache,
  options: AiSdkCacheOptions = {},
): EmbeddingModelCacheMiddleware {
  checkOptions('cacheEmbeddingModel()', options);
  return { specificationVersion: 'v3', wrapEmbed: (call) => embed(models, options, call) };
}

async function embed<Call extends SdkEmbedCall, Answer extends SdkEmbedded>(
  models: ModelCache,
  options: AiSdkCacheOptions,
  { params, model }: EmbedCall<Call, Answer>,
): Promise<Answer> {
  const { request, sent } = takeApart(options, { model, params, operation: 'embed' });
  const values = [...new Set(params.values)];
  let own: Answer | undefined;
  const gathered = new Gathered<unknown, KeptEmbedding>(values.length, async (missing, abortSignal) => {
    own = await model.doEmbed({ ...sent, values: missing, abortSignal });
    return keptOf(own, missing);
  });
  const describe = ({ embedding, tokens }: KeptEmbedding): ModelMetadata => ({
    ...(tokens === undefined ? {} : { tokens }),
    ...(embedding.length === 0 ? { refusal: 'empty' } : {}),
  });
  const ask = (value: unknown): Promise<AnswerOnce<KeptEmbedding>> =>
    gathered.through(value, (run) =>
      askOnce(models, { ...request, input: value, signal: params.abortSignal, describe }, run),
    );
  const answers = new Map(await Promise.all(values.map(async (value) => [value, await ask(value)] as const)));
  return {
    ...own,
    embeddings: params.values.map((value) => [...(answers.get(value)?.output.embedding ?? [])]),
    ...usageOf([...answers.values()]),
    warnings: (own as { warnings?: unknown } | undefined)?.warnings ?? [],
    providerMetadata: { ...own?.providerMetadata, mobius: told([...answers.values()]) },
  } as SdkEmbedded as Answer;
}

function keptOf({ embeddings, usage }: SdkEmbedded, values: readonly unknown[]): KeptEmbedding[] {
  const lengths = values.map((value) => String(value).length);
  const all = lengths.reduce((sum, length) => sum + length, 0);
  return embeddings.map((embedding, i) => {
    if (usage === undefined || !Number.isFinite(usage.tokens)) return { embedding };
    const share = all === 0 ? 1 / values.length : (lengths[i] ?? 0) / all;
    return { embedding, tokens: Math.round(usage.tokens * share) };
  });
}

/** Tokens of all values; not told when those of one are not known. */
function usageOf(answers: readonly AnswerOnce<KeptEmbedding>[]): Pick<SdkEmbedded, 'usage'> {
  const tokens = answers.reduce((sum, { output }) => sum + (output.tokens ?? NaN), 0);
  return { usage: Number.isNaN(tokens) ? undefined : { tokens } };
}

const WORST_FIRST: readonly ModelHit[] = ['none', 'stale', 'coalesced', 'exact'];

/** How a list came: as its worst value did. */
function told(answers: readonly AnswerOnce<unknown>[]): Record<string, unknown> {
  const [first] = answers;
  const kept = answers.filter(({ hit }) => hit !== 'none').length;
  return {
    hit: WORST_FIRST.find((hit) => answers.some((answer) => answer.hit === hit)) ?? 'none',
    ageMs: Math.max(0, ...answers.map(({ ageMs }) => ageMs)),
    ttlMs: Math.min(...answers.map(({ ttlMs }) => ttlMs)),
    ...(answers.length === 1 ? { fingerprint: first?.fingerprint } : {}),
    ...{ values: answers.length, hits: kept },
  };
}

/** `wrapEmbeddingModel` for `ai` 5, which has none. */
export function wrapEmbeddingModelV2<Call extends SdkEmbedCall, Answer extends SdkEmbedded, Model extends SdkModel>({
  model,
  middleware,
}: {
  readonly model: Model & { doEmbed(params: Call): PromiseLike<Answer> };
  readonly middleware: EmbeddingModelCacheMiddleware;
}): Model {
  const doEmbed = (params: Call): Promise<Answer> => middleware.wrapEmbed({ params, model });
  return new Proxy<Model>(model, {
    get: (target, name) => (name === 'doEmbed' ? doEmbed : (Reflect.get(target, name, target) as unknown)),
  });
}
