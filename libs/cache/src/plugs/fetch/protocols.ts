import type { ModelMetadata } from '../../features/model/admission.js';
import { CUT_OFF, metadataOf, type Reply } from '../judgement.js';
import { readCompletion, readCompletionEvents } from './chat.js';
import { readEmbeddings } from './embeddings.js';
import { readEvents, type ReadEvents } from './events.js';
import { type Json, objectIn, parseObject, saysError } from '../json.js';
import { readMessage, readMessageEvents } from './messages.js';
import { readResponse, readResponseEvents } from './responses.js';

/** What is asked at an address, and how its answers are read. */
export interface Protocol {
  /** The field of the body with what is asked; the rest are parameters. */
  readonly asked: string;
  /** `body`: what was asked. */
  readonly read: (answer: Json, body: Json) => Reply;
  readonly readEvents: (events: ReadEvents) => Reply;
  /** Where the body says in which format the answer has to be. */
  readonly format: (body: Json) => Json;
}

const none = (): Json => ({});
const chat: Protocol = {
  asked: 'messages',
  ...{ read: readCompletion, readEvents: readCompletionEvents },
  format: (body) => objectIn(body, 'response_format'),
};
const noEvents = (): Reply => ({ texts: [], finishReason: CUT_OFF, toolCalls: [], more: false });

/** By the end of the path, of which the first that fits counts. */
const PROTOCOLS: readonly (readonly [end: RegExp, protocol: Protocol])[] = [
  [/\/chat\/completions$/, chat],
  [/\/completions$/, { ...chat, asked: 'prompt', format: none }],
  [
    /\/responses$/,
    {
      asked: 'input',
      ...{ read: readResponse, readEvents: readResponseEvents },
      format: (body) => objectIn(objectIn(body, 'text'), 'format'),
    },
  ],
  [/\/embeddings$/, { asked: 'input', read: readEmbeddings, readEvents: noEvents, format: none }],
  [
    /\/messages$/,
    {
      asked: 'messages',
      ...{ read: readMessage, readEvents: readMessageEvents },
      format: (body) => ({
        ...objectIn(body, 'output_format'),
        ...objectIn(objectIn(body, 'output_config'), 'format'),
      }),
    },
  ],
];

/** How an address is spoken to; `undefined` when it is none of a model. */
export function protocolOf(path: string): Protocol | undefined {
  return PROTOCOLS.find(([end]) => end.test(path))?.[1];
}

/** What is known of an answer from its whole body. */
export function describe(
  protocol: Protocol,
  { body, text, events }: { readonly body: Json; readonly text: string; readonly events: boolean },
): ModelMetadata {
  const json = /^json/.test(String(protocol.format(body).type));
  if (events) return metadataOf(protocol.readEvents(readEvents(text)), json);
  const answer = parseObject(text);
  if (answer === undefined) return { error: 'not JSON' };
  const reply = protocol.read(answer, body);
  return metadataOf(saysError(answer) ? { ...reply, error: 'error' } : reply, json);
}
