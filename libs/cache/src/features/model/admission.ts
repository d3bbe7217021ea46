import { OptionCheck } from '@mobius1/kernel';
import { answerLength } from './answer-length.js';
import { checkConfidence, type ResolvedModelOptions } from './model-options.js';
import type { TokenUsage } from './savings/tokens.js';

/** What is known of an answer beside itself. */
export interface ModelMetadata {
  /** Of the whole call, of all kinds. */
  readonly tokens?: number;
  /** By kind, as providers charge for them. */
  readonly usage?: TokenUsage;
  /** How long the inference took. */
  readonly latencyMs?: number;
  /** 0 to 1. */
  readonly confidence?: number;
  /** As the provider says it: `stop`, `length`, `content_filter`, `tool_calls`, … */
  readonly finishReason?: string;
  /** Names of the tools that the answer calls. */
  readonly toolCalls?: readonly string[];
  /** Whether the answer has to be JSON, as a text. */
  readonly json?: boolean;
  /** Something went wrong on the way: the answer is not whole. */
  readonly error?: unknown;
  /** Why it is not to be kept, where only who describes it can tell. @default what the rest says */
  readonly refusal?: RefusalReason;
}

/** Why an answer was not stored, or the cache not asked. */
export type RefusalReason =
  | 'disabled'
  | 'no-store'
  | 'input-too-long'
  | 'unkeyable'
  | 'undescribed'
  | 'error'
  | 'unfinished'
  | 'content-filter'
  | 'tool-calls'
  | 'empty'
  | 'low-confidence'
  | 'output-too-large'
  | 'invalid-json'
  | 'temperature'
  | 'busy'
  | 'invalidated'
  | 'semantic'
  | 'unavailable'
  | 'bypassed';

/** The answer ended because it calls tools, in the words of the providers. */
const CALLS_TOOLS: ReadonlySet<string> = new Set(['tool-calls', 'tool_calls', 'tool_use']);
/** The answer ended because it was complete, in the words of the providers. */
const FINISHED: ReadonlySet<string> = new Set([
  ...['stop', 'end_turn', 'stop_sequence', 'complete', 'completed', 'eos'],
  ...CALLS_TOOLS,
]);
const FILTERED = /content[-_]?filter|safety|refusal|blocked/i;

/** An answer, and what it is judged by. */
interface Candidate {
  readonly output: unknown;
  readonly metadata: ModelMetadata;
  readonly params: Readonly<Record<string, unknown>>;
  readonly options: ResolvedModelOptions;
}

/** In this order: the first that says yes is the reason. */
const REASONS: readonly (readonly [reason: RefusalReason, applies: (candidate: Candidate) => boolean])[] = [
  ['error', ({ metadata: { error } }) => error !== undefined && error !== null],
  ['content-filter', ({ metadata: { finishReason = '' } }) => FILTERED.test(finishReason)],
  ['unfinished', ({ metadata: { finishReason = 'stop' } }) => !isFinished(finishReason)],
  [
    'tool-calls',
    ({ metadata: { toolCalls = [], finishReason = 'stop' }, options: { cacheableTools } }) =>
      toolCalls.length === 0
        ? CALLS_TOOLS.has(finishReason.toLowerCase()) // of a tool that nobody names, nobody said that it may be repeated
        : toolCalls.some((tool) => !cacheableTools.includes(tool)),
  ],
  ['empty', ({ output, options }) => typeof output === 'string' && output.trim() === '' && !options.storeEmpty],
  ['low-confidence', ({ metadata: { confidence = 1 }, options }) => confidence < options.minConfidence],
  ['invalid-json', ({ output, metadata: { json } }) => json === true && !isJson(output)],
  [
    'temperature',
    ({ params: { temperature, seed }, options }) =>
      typeof temperature === 'number' && temperature > options.maxTemperature && (seed === undefined || seed === null),
  ],
  ['output-too-large', ({ output, options }) => answerLength(output) > options.maxOutputLength],
];

/** Whether a reason to end, in the words of any provider, is that the answer was complete. */
export const isFinished = (finishReason: string): boolean => FINISHED.has(finishReason.toLowerCase());

/** Why an answer must not answer for another question of the same words (G18); `undefined` when it may. */
export function refusalOf(candidate: Candidate): RefusalReason | undefined {
  const { metadata, options } = candidate;
  const described = metadata.refusal === 'empty' && options.storeEmpty ? undefined : metadata.refusal;
  return REASONS.find(([, applies]) => applies(candidate))?.[0] ?? described;
}

function isJson(output: unknown): boolean {
  if (typeof output !== 'string') return true;
  try {
    JSON.parse(output);
    return true;
  } catch {
    return false;
  }
}

/** @throws InvalidOptionsError for what is told of an answer and cannot be: a confidence of NaN, a reason to end that is no text */
export function checkMetadata(scope: string, metadata: ModelMetadata): void {
  const { confidence, tokens, latencyMs, usage, finishReason, json } = metadata;
  const toolCalls: unknown = metadata.toolCalls;
  const check = new OptionCheck(scope);
  checkConfidence(check, 'confidence', confidence);
  for (const [name, value] of Object.entries({ tokens, latencyMs })) {
    if (value !== undefined && !(value >= 0)) check.problem(name, 'a number, 0 or more', value);
  }
  check.string('finishReason', finishReason, { empty: true });
  if (toolCalls !== undefined && !Array.isArray(toolCalls)) check.problem('toolCalls', 'a list of names', toolCalls);
  check.boolean('json', json);
  check.unknownKeys('usage', usage, ['input', 'cachedInput', 'output']);
  for (const [kind, count] of Object.entries(usage ?? {}))
    check.integerBetween(`usage.${kind}`, count, 0, Number.MAX_SAFE_INTEGER);
  check.throwIfAny();
}
