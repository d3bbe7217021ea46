import type { ModelMetadata } from '../../features/model/admission.js';
import type { SdkGenerated, SdkPart } from './sdk-types.js';

/** What is read of parts, whatever their type. */
interface AnyPart extends SdkPart {
  readonly text?: string;
  readonly delta?: string;
  readonly toolName?: string;
  readonly error?: unknown;
  readonly finishReason?: SdkGenerated['finishReason'];
  readonly usage?: object;
}

interface TokenCounts {
  readonly total?: number | undefined;
  readonly cacheRead?: number | undefined;
}

/** The fields of v2 are numbers, those of v3 objects. */
interface AnyUsage {
  readonly inputTokens?: number | TokenCounts | undefined;
  readonly outputTokens?: number | TokenCounts | undefined;
  readonly totalTokens?: number | undefined;
  readonly cachedInputTokens?: number | undefined;
}

/** What is known of an answer of a language model. `json`: it was asked for as JSON. */
export function metadataOf({ content, finishReason, usage }: SdkGenerated, json: boolean): ModelMetadata {
  return judge(content, { text: textOf(content, 'text'), finishReason, usage, json });
}

/** What is known of a streamed answer, from all of its parts. Without a part `finish` it is not whole. */
export function streamMetadataOf(streamed: readonly SdkPart[], json: boolean): ModelMetadata {
  const parts: readonly AnyPart[] = streamed;
  const finish = parts.findLast(({ type }) => type === 'finish');
  const failed = parts.find(({ type }) => type === 'error');
  const { finishReason = 'cut off', usage = {} } = finish ?? {};
  const metadata = judge(parts, { text: textOf(parts, 'text-delta'), finishReason, usage, json });
  return failed === undefined ? metadata : { ...metadata, error: 'error part' };
}

const textOf = (parts: readonly AnyPart[], type: string): string =>
  parts.map((part) => (part.type === type ? (part.text ?? part.delta ?? '') : '')).join('');

interface Known {
  readonly text: string;
  readonly finishReason: SdkGenerated['finishReason'];
  readonly usage: object;
  readonly json: boolean;
}

function judge(parts: readonly AnyPart[], { text, finishReason, usage, json }: Known): ModelMetadata {
  const reason = typeof finishReason === 'string' ? finishReason : finishReason.unified;
  const toolCalls = parts.flatMap(({ type, toolName }) => (type === 'tool-call' && toolName ? [toolName] : []));
  const says = toolCalls.length > 0 || parts.some(({ type }) => type === 'file');
  return {
    ...tokensOf(usage),
    finishReason: reason,
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(json ? { json } : {}),
    ...(reason === 'error' ? { error: 'finish reason' } : {}),
    ...refusalOf({ text, says, json, asks: parts.some(({ type }) => type === 'tool-approval-request') }),
  };
}

/** What the cache cannot see in an answer that is no text. `says`: something beside text; `asks`: for an approval. */
function refusalOf(known: {
  text: string;
  says: boolean;
  json: boolean;
  asks: boolean;
}): Pick<ModelMetadata, 'refusal'> {
  const { text, says, json, asks } = known;
  if (asks) return { refusal: 'tool-calls' }; // who approved this one has not approved the next
  if (says) return {};
  if (text.trim() === '') return { refusal: 'empty' };
  return json && !isJson(text) ? { refusal: 'invalid-json' } : {};
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Tokens of either specification; `input` without what the provider had cached. */
function tokensOf(usage: AnyUsage): Pick<ModelMetadata, 'tokens'> {
  const { inputTokens, outputTokens, totalTokens } = usage;
  const [input, output] = [totalOf(inputTokens), totalOf(outputTokens)];
  const tokens =
    totalTokens ?? (input === undefined && output === undefined ? undefined : (input ?? 0) + (output ?? 0));
  return Number.isFinite(tokens) ? { tokens: tokens as number } : {};
}

const totalOf = (count: number | TokenCounts | undefined): number | undefined =>
  typeof count === 'object' ? count.total : count;
