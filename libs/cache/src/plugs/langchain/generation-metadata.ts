import type { ModelMetadata } from '../../features/model/admission.js';
import { metadataOf, type Reply, type TokenCounts } from '../judgement.js';

/** What is read of a generation, and of its message where there is one. */
export interface AnyGeneration {
  readonly text: string;
  readonly generationInfo?: Readonly<Record<string, unknown>> | undefined;
  readonly message?: {
    readonly content?: unknown;
    readonly tool_calls?: readonly { readonly name: string }[];
    readonly invalid_tool_calls?: readonly unknown[];
    readonly response_metadata?: Readonly<Record<string, unknown>>;
    readonly usage_metadata?: {
      readonly input_tokens?: number;
      readonly output_tokens?: number;
      readonly total_tokens?: number;
      readonly input_token_details?: { readonly cache_read?: number };
    };
  };
}

const REASON_NAMES = ['finish_reason', 'finishReason', 'stop_reason', 'stopReason'];

/** What is known of an answer, from the first of its generations; of the others only why they ended. */
export function generationMetadata(generations: readonly AnyGeneration[], json: boolean): ModelMetadata {
  const reasons = generations.map(reasonOf);
  const messages = generations.map(({ message }) => message);
  const reply: Reply = {
    texts: generations.map(textOf),
    finishReason: reasons.find((reason) => reason !== 'stop') ?? 'stop',
    toolCalls: messages.flatMap((message) => message?.tool_calls?.map(({ name }) => name) ?? []),
    more: messages.some((message) => hasMore(message?.content)),
    ...(messages.some((message) => (message?.invalid_tool_calls?.length ?? 0) > 0)
      ? { error: 'invalid tool call' }
      : {}),
    tokens: tokensOf(messages[0]?.usage_metadata),
  };
  return metadataOf(reply, json);
}

/** Some models put the text only into the message. */
function textOf({ text, message }: AnyGeneration): string {
  if (text !== '' || message === undefined) return text;
  const { content } = message;
  if (!Array.isArray(content)) return typeof content === 'string' ? content : '';
  return content.map((block: { text?: unknown }) => (typeof block.text === 'string' ? block.text : '')).join('');
}

/** Many models do not say why they ended. */
function reasonOf({ generationInfo, message }: AnyGeneration): string {
  const told = { ...message?.response_metadata, ...generationInfo };
  const reason = REASON_NAMES.map((name) => told[name]).find((value) => typeof value === 'string');
  return reason ?? 'stop';
}

const hasMore = (content: unknown): boolean =>
  Array.isArray(content) &&
  content.some((block: { type?: string }) => !/^(text|reasoning|thinking)/.test(block.type ?? ''));

function tokensOf(usage: NonNullable<AnyGeneration['message']>['usage_metadata']): TokenCounts {
  if (usage === undefined) return {};
  const { input_tokens: input, output_tokens: output, total_tokens: total, input_token_details: details } = usage;
  const cachedInput = details?.cache_read;
  return { input: input === undefined ? undefined : input - (cachedInput ?? 0), cachedInput, output, total };
}
