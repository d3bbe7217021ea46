import { refusalOf, type RefusalReason } from '../../features/model/admission.js';
import { MODEL_DEFAULTS } from '../../features/model/model-options.js';
import { describe as describeBody, protocolOf } from './protocols.js';

const PATHS = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  embeddings: '/v1/embeddings',
  messages: '/v1/messages',
} as const;

interface Answered {
  readonly body?: Readonly<Record<string, unknown>>;
  readonly json?: unknown;
  readonly events?: readonly string[];
}

/** Why an answer is not kept; `undefined` when it is. */
function refused(name: keyof typeof PATHS, { body = {}, json, events }: Answered): RefusalReason | undefined {
  const protocol = protocolOf(PATHS[name]);
  if (protocol === undefined) throw new Error(name);
  const text = events?.join('') ?? JSON.stringify(json);
  const metadata = describeBody(protocol, { body, text, events: events !== undefined });
  return refusalOf({ output: true, metadata, params: {}, options: MODEL_DEFAULTS });
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const choice = (more: object = {}): object => ({
  choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop', ...more }],
});
const CHUNKS = [data({ choices: [{ index: 0, delta: { content: 'yes' }, finish_reason: 'stop' }] })];
const DONE = 'data: [DONE]\n\n';
const response = (more: object = {}): object => ({
  ...{ status: 'completed', error: null, incomplete_details: null },
  output: [{ type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'yes' }] }],
  ...more,
});
const vectors = (...embeddings: unknown[]): object => ({ data: embeddings.map((embedding) => ({ embedding })) });

describe('of the answers of providers', () => {
  it.each<[what: string, name: keyof typeof PATHS, answered: Answered]>([
    ['a whole one', 'chat', { json: choice() }],
    ['one that says that nothing went wrong', 'chat', { json: { ...choice(), error: null } }],
    ['a whole stream', 'chat', { events: [...CHUNKS, DONE] }],
    ['a whole response', 'responses', { json: response() }],
    ['a vector for each text', 'embeddings', { body: { input: ['a', 'b'] }, json: vectors([1], [2]) }],
    ['a vector for one text', 'embeddings', { body: { input: 'a' }, json: vectors([1]) }],
    ['a vector for one list of tokens', 'embeddings', { body: { input: [1, 2, 3] }, json: vectors([1]) }],
    ['a vector for each list of tokens', 'embeddings', { body: { input: [[1], [2]] }, json: vectors('AAAA', 'AACA') }],
  ])('%s is kept', (_, name, answered) => {
    expect(refused(name, answered)).toBeUndefined();
  });

  it.each<[what: string, name: keyof typeof PATHS, reason: RefusalReason, answered: Answered]>([
    ['an error beside half of it', 'chat', 'error', { json: { ...choice(), error: { message: 'overloaded' } } }],
    ['an error of a provider that writes it flat', 'chat', 'error', { json: { object: 'error', ...choice() } }],
    ['an event named error', 'chat', 'error', { events: [...CHUNKS, 'event: error\ndata: {"message":"x"}\n\n', DONE] }],
    ['an event that is one', 'chat', 'error', { events: [...CHUNKS, data({ object: 'error', message: 'x' }), DONE] }],
    [
      'one of two answers cut off',
      'chat',
      'unfinished',
      { events: [...CHUNKS, data({ choices: [{ index: 1 }] }), DONE] },
    ],
    [
      'a tool without a name',
      ...(['chat', 'tool-calls'] as const),
      { json: choice({ message: { content: 'Let me see.', tool_calls: [{ id: '1' }] }, finish_reason: 'tool_calls' }) },
    ],
    [
      'a message within it that is not complete',
      ...(['responses', 'unfinished'] as const),
      {
        json: response({
          output: [{ type: 'message', status: 'incomplete', content: [{ type: 'output_text', text: 'ye' }] }],
        }),
      },
    ],
    ['fewer vectors than texts', 'embeddings', 'unfinished', { body: { input: ['a', 'b'] }, json: vectors([1]) }],
    ['more vectors than texts', 'embeddings', 'unfinished', { body: { input: ['a'] }, json: vectors([1], [2]) }],
    ['no vector', 'embeddings', 'unfinished', { body: { input: 'a' }, json: vectors() }],
    ['a vector of nothing', 'embeddings', 'empty', { body: { input: ['a', 'b'] }, json: vectors([1], []) }],
    ['vectors beside an error', 'embeddings', 'error', { body: { input: 'a' }, json: { ...vectors([1]), error: 'x' } }],
  ])('one with %s is not kept', (_, name, reason, answered) => {
    expect(refused(name, answered)).toBe(reason);
  });
});
