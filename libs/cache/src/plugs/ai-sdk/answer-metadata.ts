import { isFinished, type ModelMetadata } from '../../features/model/admission.js';
import { CUT_OFF, metadataOf, type Reply, type TokenCounts } from '../judgement.js';
import type { SdkGenerated, SdkPart } from './sdk-types.js';

/** What is read of parts, whatever their type. */
interface AnyPart extends SdkPart {
  readonly text?: string;
  readonly delta?: string;
  readonly toolName?: string;
  readonly finishReason?: SdkGenerated['finishReason'];
  readonly usage?: AnyUsage;
}

interface InputTokens {
  readonly total?: number | undefined;
  readonly cacheRead?: number | undefined;
}

/** The fields of v2 are numbers, those of v3 objects. */
interface AnyUsage {
  readonly inputTokens?: number | InputTokens | undefined;
  readonly cachedInputTokens?: number | undefined;
  readonly outputTokens?: number | { readonly total?: number | undefined } | undefined;
  readonly totalTokens?: number | undefined;
}

/** What is known of an answer of a language model. `json`: it was asked for as JSON. */
export function generatedMetadata({ content, finishReason, usage }: SdkGenerated, json: boolean): ModelMetadata {
  return metadataOf(replyOf(content, { text: textOf(content, 'text'), finishReason, usage }), json);
}

/** What is known of a streamed answer, from all of its parts. Without a part `finish` it is not whole. */
export function streamedMetadata(parts: readonly SdkPart[], json: boolean): ModelMetadata {
  const finish: AnyPart | undefined = parts.findLast(({ type }) => type === 'finish');
  const { finishReason = CUT_OFF, usage = {} } = finish ?? {};
  const said = replyOf(parts, { text: textOf(parts, 'text-delta'), finishReason, usage });
  const count = (wanted: string): number => parts.filter(({ type }) => type === wanted).length;
  // A call whose input was begun and never came is half of an answer, although the model says that it is whole.
  const half = count('tool-input-start') > count('tool-call') && isFinished(said.finishReason);
  const reply = half ? { ...said, finishReason: CUT_OFF } : said;
  const failed = parts.some(({ type }) => type === 'error');
  return metadataOf(failed ? { ...reply, error: 'error part' } : reply, json);
}

const textOf = (parts: readonly AnyPart[], type: string): string =>
  parts.map((part) => (part.type === type ? (part.text ?? part.delta ?? '') : '')).join('');

function replyOf(
  parts: readonly AnyPart[],
  { text, finishReason, usage }: { text: string; finishReason: SdkGenerated['finishReason']; usage: AnyUsage },
): Reply {
  const reason = reasonOf(finishReason);
  return {
    texts: [text],
    finishReason: reason,
    toolCalls: parts.flatMap(({ type, toolName }) => (type === 'tool-call' && toolName ? [toolName] : [])),
    more: parts.some(({ type }) => type === 'file'),
    asksApproval: parts.some(({ type }) => type === 'tool-approval-request'),
    ...(reason === 'error' ? { error: 'finish reason' } : {}),
    tokens: tokensOf(usage),
  };
}

/** The SDK says `stop` of a pause, after which the model wants to be asked again; v3 has its own word beside it. */
function reasonOf(finishReason: SdkGenerated['finishReason']): string {
  if (typeof finishReason === 'string') return finishReason;
  const { unified, raw } = finishReason;
  return raw === 'pause_turn' ? raw : unified;
}

function tokensOf({ inputTokens, cachedInputTokens, outputTokens, totalTokens }: AnyUsage): TokenCounts {
  const [input, cachedInput] =
    typeof inputTokens === 'object' ? [inputTokens.total, inputTokens.cacheRead] : [inputTokens, cachedInputTokens];
  return {
    input: input === undefined ? undefined : Math.max(0, input - (cachedInput ?? 0)),
    cachedInput,
    output: typeof outputTokens === 'object' ? outputTokens.total : outputTokens,
    total: totalTokens,
  };
}
