import { CUT_OFF, type Reply, toolOf } from '../judgement.js';
import type { ReadEvents } from './events.js';
import { type Json, numberIn, objectIn, objectsIn, saysError, textIn } from '../json.js';

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
    finishReason: refused ? 'refusal' : endOf(answer, items),
    toolCalls: items.flatMap((item) => toolOf(item) ?? []),
    more: false,
    asksApproval: items.some(({ type }) => type === 'mcp_approval_request'),
    ...(saysError(answer) ? { error: 'error' } : {}),
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

/** `completed`, or why not: a message within it may be cut off by itself. */
function endOf(answer: Json, items: readonly Json[]): string {
  const messages = items.filter(({ type }) => type === 'message');
  const open = messages
    .map((item) => textIn(item, 'status'))
    .find((status) => status !== undefined && status !== 'completed');
  return textIn(objectIn(answer, 'incomplete_details'), 'reason') ?? open ?? textIn(answer, 'status') ?? CUT_OFF;
}
