import { isFinished, type ModelMetadata } from '../../features/model/admission.js';
import { type Json, objectIn, objectsIn, textIn } from '../json.js';
import { metadataOf, type Reply, type TokenCounts, toolOf } from '../judgement.js';

/** What is read of a generation, and of its message where there is one. */
export interface AnyGeneration {
  readonly text: string;
  readonly generationInfo?: Json | undefined;
  readonly message?: {
    readonly content?: unknown;
    readonly tool_calls?: readonly { readonly name: string }[];
    readonly invalid_tool_calls?: readonly unknown[];
    readonly additional_kwargs?: Json;
    readonly response_metadata?: Json;
    readonly usage_metadata?: {
      readonly input_tokens?: number;
      readonly output_tokens?: number;
      readonly total_tokens?: number;
      readonly input_token_details?: { readonly cache_read?: number };
    };
  };
}

type Message = NonNullable<AnyGeneration['message']>;

const REASON_NAMES = ['finish_reason', 'finishReason', 'stop_reason', 'stopReason', 'done_reason'];
/** Of OpenAI's `responses`: it was not completed. */
const NOT_COMPLETED = /^(incomplete|failed|cancelled|in_progress|queued)$/;

/** What is known of an answer, from all of its generations; tokens from the first, which has those of all. */
export function generationMetadata(generations: readonly AnyGeneration[], json: boolean): ModelMetadata {
  const reasons = generations.map(reasonOf);
  const messages = generations.map(({ message }) => message);
  const reply: Reply = {
    texts: generations.map(textOf),
    finishReason: reasons.find((reason) => !isFinished(reason)) ?? reasons[0] ?? 'stop',
    toolCalls: messages.flatMap((message) => (message === undefined ? [] : toolsOf(message))),
    more: messages.some(hasMore),
    asksApproval: messages.some((message) => outputsOf(message).some(({ type }) => type === 'mcp_approval_request')),
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
  if (typeof message.content === 'string') return message.content;
  return blocksOf(message)
    .map((block) => textIn(block, 'text') ?? '')
    .join('');
}

/** Many models do not say why they ended. */
function reasonOf({ generationInfo, message }: AnyGeneration): string {
  if (textIn(message?.additional_kwargs ?? {}, 'refusal')) return 'refusal';
  const told: Json = { ...message?.response_metadata, ...generationInfo };
  const said = [
    ...REASON_NAMES.map((name) => textIn(told, name)),
    textIn(objectIn(told, 'messageStop'), 'stopReason'), // of Bedrock, in a stream
    textIn(objectIn(told, 'incomplete_details'), 'reason'),
    textIn(told, 'status')?.match(NOT_COMPLETED)?.[0],
  ];
  return said.find((reason) => reason !== undefined && reason !== '') ?? 'stop';
}

/** Tools that are called, and those that the provider has run itself. */
function toolsOf(message: Message): string[] {
  const called = message.tool_calls?.map(({ name }) => name) ?? [];
  const blocks = [...blocksOf(message), ...outputsOf(message)];
  return [...new Set([...called, ...blocks.flatMap((block) => toolOf(block) ?? [])])];
}

const blocksOf = (message: Message | undefined): readonly Json[] => objectsIn({ ...message }, 'content');
const outputsOf = (message: Message | undefined): readonly Json[] =>
  objectsIn(message?.additional_kwargs ?? {}, 'tool_outputs');

const hasMore = (message: Message | undefined): boolean =>
  blocksOf(message).some(({ type }) => !/^(text|reasoning|(redacted_)?thinking)/.test(String(type)));

function tokensOf(usage: Message['usage_metadata']): TokenCounts {
  if (usage === undefined) return {};
  const { input_tokens: input, output_tokens: output, total_tokens: total, input_token_details: details } = usage;
  const cachedInput = details?.cache_read;
  return { input: input === undefined ? undefined : input - (cachedInput ?? 0), cachedInput, output, total };
}
