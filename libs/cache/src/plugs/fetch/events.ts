import { type Json, parseObject, saysError } from '../json.js';

/** Where one event of a `text/event-stream` ends. */
const END = /\r\n\r\n|\n\n|\r\r/g;
/** An event without an end is handed on in pieces of this many characters, so that it need not be held. */
const LONGEST = 64 * 1024;

/** The text of a body, cut behind each event; nothing of it is lost. Bytes that are no text become U+FFFD, as they would for its reader. */
export async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let rest = '';
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true });
    let from = 0;
    for (const { 0: end, index } of rest.matchAll(END)) {
      yield rest.slice(from, index + end.length);
      from = index + end.length;
    }
    rest = rest.slice(from);
    if (rest.length < LONGEST) continue;
    yield rest;
    rest = '';
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** What events say. */
export interface ReadEvents {
  readonly objects: readonly Json[];
  /** `data: [DONE]` came. */
  readonly done: boolean;
  /** An event that is no JSON, or that tells of an error, by its name or in what it says. */
  readonly failed: boolean;
}

/** Reads a whole body of events. */
export function readEvents(text: string): ReadEvents {
  const objects: Json[] = [];
  let done = false;
  let failed = false;
  for (const event of text.split(END)) {
    const all = event.split(/\r\n|\n|\r/);
    failed ||= all.some((line) => /^event: ?error\s*$/.test(line));
    const lines = all.flatMap((line) => /^data: ?(.*)$/s.exec(line)?.[1] ?? []);
    if (lines.length === 0) continue;
    const said = lines.join('\n').trim();
    if (said === '[DONE]') {
      done = true;
      continue;
    }
    const object = parseObject(said);
    if (object === undefined || saysError(object)) failed = true;
    else objects.push(object);
  }
  return { objects, done, failed };
}
