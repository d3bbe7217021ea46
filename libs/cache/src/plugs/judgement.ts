import type { ModelMetadata } from '../features/model/admission.js';

/** An answer in the words of all providers. */
export interface Reply {
  /** What the model says; several when it was asked for several answers. */
  readonly texts: readonly string[];
  /** As the provider says it; of an answer without its end, `CUT_OFF`. */
  readonly finishReason: string;
  /** Names of the tools that are called. */
  readonly toolCalls: readonly string[];
  /** There is something beside text: a file, sound, a vector. */
  readonly more: boolean;
  /** An approval is asked for: who approved this one has not approved the next. */
  readonly asksApproval?: boolean;
  /** Something went wrong on the way: in a word, never what it was. */
  readonly error?: string;
  readonly tokens?: TokenCounts;
}

/** Tokens by kind, as far as they are told. */
export interface TokenCounts {
  /** Of the question, without what the provider had cached. */
  readonly input?: number | undefined;
  readonly cachedInput?: number | undefined;
  readonly output?: number | undefined;
  /** @default the sum */
  readonly total?: number | undefined;
}

/** The end that every provider announces was not seen. */
export const CUT_OFF = 'cut off';

/** The name of the tool that a block of an answer calls; that of its kind where the provider runs it. `undefined` when it calls none. */
export function toolOf({ type, name }: { readonly type?: unknown; readonly name?: unknown }): string | undefined {
  if (typeof type !== 'string' || !/(tool_use|_call)$/.test(type)) return undefined;
  return typeof name === 'string' ? name : type;
}

/** What the cache is told of an answer. `json`: it was asked for as JSON. */
export function metadataOf(reply: Reply, json: boolean): ModelMetadata {
  const { finishReason, toolCalls, error, tokens = {} } = reply;
  const refusal = refusalOf(reply, json);
  return {
    ...countsOf(tokens),
    finishReason,
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(json ? { json } : {}),
    ...(error === undefined ? {} : { error }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** What the cache cannot see in an answer that is no text. */
function refusalOf({ texts, toolCalls, more, asksApproval }: Reply, json: boolean): ModelMetadata['refusal'] {
  if (asksApproval === true) return 'tool-calls';
  if (more || toolCalls.length > 0) return undefined;
  if (texts.length === 0 || texts.some((text) => text.trim() === '')) return 'empty';
  return json && !texts.every(isJson) ? 'invalid-json' : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A provider that counts in another way costs a number in the books, never an answer: what is no count is left out. */
function countsOf({ input, cachedInput, output, total }: TokenCounts): Pick<ModelMetadata, 'tokens' | 'usage'> {
  const usage = Object.fromEntries(
    Object.entries({ input, cachedInput, output }).filter(([, count]) => isCount(count)),
  );
  const kinds = Object.values(usage) as number[];
  const tokens = total ?? kinds.reduce((sum, count) => sum + count, 0);
  return {
    ...(isCount(tokens) && (total !== undefined || kinds.length > 0) ? { tokens } : {}),
    ...(kinds.length > 0 ? { usage } : {}),
  };
}

const isCount = (count: number | undefined): count is number => Number.isSafeInteger(count) && (count as number) >= 0;
