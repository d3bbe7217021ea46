import { CUT_OFF, type Reply, type TokenCounts, toolOf } from '../judgement.js';
import type { ReadEvents } from './events.js';
import { type Json, numberIn, objectIn, objectsIn, textIn } from '../json.js';

/** An answer of Anthropic's `messages`. */
export function readMessage(answer: Json): Reply {
  const blocks = objectsIn(answer, 'content');
  const text = blocks.map((block) => (block.type === 'text' ? (textIn(block, 'text') ?? '') : '')).join('');
  return { ...replyOf(blocks, text, textIn(answer, 'stop_reason')), tokens: tokensOf(objectIn(answer, 'usage')) };
}

/** The same in pieces. Ends with `message_stop`. */
export function readMessageEvents({ objects, failed }: ReadEvents): Reply {
  let text = '';
  let stopReason: string | undefined;
  let usage: Json = {};
  let ended = false;
  const blocks: Json[] = [];
  for (const event of objects) {
    const delta = objectIn(event, 'delta');
    if (event.type === 'message_start') usage = objectIn(objectIn(event, 'message'), 'usage');
    if (event.type === 'content_block_start') blocks.push(objectIn(event, 'content_block'));
    if (event.type === 'content_block_delta') text += delta.type === 'text_delta' ? (textIn(delta, 'text') ?? '') : '';
    if (event.type === 'message_delta') {
      stopReason = textIn(delta, 'stop_reason') ?? stopReason;
      usage = { ...usage, ...objectIn(event, 'usage') };
    }
    ended ||= event.type === 'message_stop';
  }
  const reply = { ...replyOf(blocks, text, ended ? stopReason : undefined), tokens: tokensOf(usage) };
  return failed ? { ...reply, error: 'error event' } : reply;
}

function replyOf(blocks: readonly Json[], text: string, stopReason: string | undefined): Reply {
  const toolCalls = blocks.flatMap((block) => toolOf(block) ?? []);
  return { texts: [text], finishReason: stopReason ?? CUT_OFF, toolCalls, more: false };
}

function tokensOf(usage: Json): TokenCounts {
  const written = numberIn(usage, 'cache_creation_input_tokens') ?? 0;
  const input = numberIn(usage, 'input_tokens');
  return {
    input: input === undefined ? undefined : input + written,
    cachedInput: numberIn(usage, 'cache_read_input_tokens'),
    output: numberIn(usage, 'output_tokens'),
  };
}
