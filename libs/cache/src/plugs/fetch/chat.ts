import { isFinished } from '../../features/model/admission.js';
import { CUT_OFF, type Reply, type TokenCounts } from '../judgement.js';
import type { ReadEvents } from './events.js';
import { type Json, numberIn, objectIn, objectsIn, textIn } from '../json.js';

/** What one of several answers says so far. */
interface Choice {
  text: string;
  finishReason: string | undefined;
  readonly toolCalls: string[];
  more: boolean;
}

/** An answer of `chat/completions` or `completions`. */
export function readCompletion(answer: Json): Reply {
  return replyOf(new Choices().add(answer), tokensOf(answer));
}

/** The same in pieces. Ends with `[DONE]`. */
export function readCompletionEvents({ objects, done, failed }: ReadEvents): Reply {
  const choices = new Choices();
  let tokens: TokenCounts = {};
  for (const object of objects) {
    choices.add(object);
    if (object.usage !== undefined && object.usage !== null) tokens = tokensOf(object);
  }
  const reply = replyOf(choices, tokens);
  if (failed) return { ...reply, error: 'error event' };
  return done ? reply : { ...reply, finishReason: CUT_OFF };
}

class Choices {
  readonly #byIndex = new Map<number, Choice>();

  add(object: Json): this {
    for (const choice of objectsIn(object, 'choices')) this.#one(choice);
    return this;
  }

  get all(): readonly Choice[] {
    return [...this.#byIndex.values()];
  }

  #one(choice: Json): void {
    const index = numberIn(choice, 'index') ?? 0;
    const known = this.#byIndex.get(index) ?? { text: '', finishReason: undefined, toolCalls: [], more: false };
    this.#byIndex.set(index, known);
    const message = { ...objectIn(choice, 'message'), ...objectIn(choice, 'delta') };
    known.text += textIn(choice, 'text') ?? textIn(message, 'content') ?? '';
    for (const call of [...objectsIn(message, 'tool_calls'), { function: objectIn(message, 'function_call') }])
      known.toolCalls.push(
        ...[textIn(objectIn(call, 'function'), 'name') ?? textIn(objectIn(call, 'custom'), 'name')].filter(
          (name) => name !== undefined,
        ),
      );
    known.more ||= typeof message.audio === 'object' && message.audio !== null;
    const refused = typeof message.refusal === 'string' && message.refusal !== '';
    // A refusal is an answer of the filter, whatever ends it.
    if (refused || known.finishReason === 'refusal') known.finishReason = 'refusal';
    else known.finishReason = textIn(choice, 'finish_reason') ?? known.finishReason;
  }
}

function replyOf({ all }: Choices, tokens: TokenCounts): Reply {
  const reasons = all.map(({ finishReason = CUT_OFF }) => finishReason);
  return {
    texts: all.map(({ text }) => text),
    finishReason: reasons.find((reason) => !isFinished(reason)) ?? reasons[0] ?? CUT_OFF,
    toolCalls: all.flatMap(({ toolCalls }) => toolCalls),
    more: all.some(({ more }) => more),
    tokens,
  };
}

/** As OpenAI counts them, of `embeddings`, too. */
export function tokensOf(answer: Json): TokenCounts {
  const usage = objectIn(answer, 'usage');
  const input = numberIn(usage, 'prompt_tokens');
  const cachedInput = numberIn(objectIn(usage, 'prompt_tokens_details'), 'cached_tokens');
  return {
    input: input === undefined ? undefined : input - (cachedInput ?? 0),
    cachedInput,
    output: numberIn(usage, 'completion_tokens'),
    total: numberIn(usage, 'total_tokens'),
  };
}
