import { CUT_OFF, type Reply } from '../judgement.js';
import type { ReadEvents } from './events.js';
import { type Json, numberIn, objectIn, objectsIn, textIn } from './json.js';

/** An answer of `responses`. */
export function readResponse(answer: Json): Reply {
  const items = objectsIn(answer, 'output');
  const parts = items.flatMap((item) => objectsIn(item, 'content'));
  const usage = objectIn(answer, 'usage');
  const input = numberIn(usage, 'input_tokens');
  const cachedInput = numberIn(objectIn(usage, 'input_tokens_details'), 'cached_tokens');
  const refused = parts.some(({ type }) => type === 'refusal');
  return {
    texts: [parts.map((part) => (part.type === 'output_text' ? (textIn(part, 'text') ?? '') : '')).join('')],
    finishReason: refused ? 'refusal' : endOf(answer),
    toolCalls: items.flatMap((item) => toolOf(item) ?? []),
    more: false,
    asksApproval: items.some(({ type }) => type === 'mcp_approval_request'),
    ...(answer.error === undefined || answer.error === null ? {} : { error: 'error' }),
    tokens: {
      input: input === undefined ? undefined : input - (cachedInput ?? 0),
      cachedInput,
      output: numberIn(usage, 'output_tokens'),
      total: numberIn(usage, 'total_tokens'),
    },
  };
}

/** The same in pieces: the last event has the whole of it. */
export function readResponseEvents({ objects, failed }: ReadEvents): Reply {
  const end = objects.findLast(({ type }) => /^response\.(completed|incomplete|failed)$/.test(String(type)));
  const reply = readResponse(end === undefined ? {} : objectIn(end, 'response'));
  return failed ? { ...reply, error: 'error event' } : reply;
}

/** `completed`, or why not. */
function endOf(answer: Json): string {
  return textIn(objectIn(answer, 'incomplete_details'), 'reason') ?? textIn(answer, 'status') ?? CUT_OFF;
}

/** Calls of tools, those of the provider included, are items whose type says so. */
function toolOf(item: Json): string | undefined {
  const type = textIn(item, 'type') ?? '';
  return type.endsWith('_call') ? (textIn(item, 'name') ?? type) : undefined;
}
