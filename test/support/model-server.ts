import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server answers. */
export interface ServerReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** At once. */
  readonly json?: unknown;
  /** Or piece by piece, as server-sent events. */
  readonly events?: readonly string[];
  /** Resolves when the rest may be sent, behind this many events. */
  readonly held?: { readonly after: number; readonly until: Promise<unknown> };
  /** The connection breaks behind the last event. */
  readonly breaks?: boolean;
}

/** What it was asked. */
export interface ServerRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** Its client went away before the answer was complete. */
  left: boolean;
}

/** A server over a real socket that answers as its test says, and keeps what it is asked. */
export class ModelServer {
  readonly requests: ServerRequest[] = [];
  reply: (request: ServerRequest) => ServerReply = () => ({ status: 500 });
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<ModelServer> {
    const server = new ModelServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = request;
    const received: ServerRequest = { method, path, headers, text: Buffer.concat(chunks).toString(), left: false };
    this.requests.push(received);
    response.once('close', () => (received.left = !response.writableFinished));
    const { status = 200, json, events, held, breaks = false, headers: told = {} } = this.reply(received);
    const type = events === undefined ? 'application/json' : 'text/event-stream; charset=utf-8';
    response.writeHead(status, { 'content-type': type, ...told });
    const pieces = events ?? [json === undefined ? '' : JSON.stringify(json)];
    for (const [i, piece] of pieces.entries()) {
      if (held?.after === i) await held.until;
      response.write(piece);
    }
    if (!breaks) response.end();
    else setImmediate(() => response.destroy());
  }
}

const event = (data: unknown, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

const CHAT = { id: 'chatcmpl-1', created: 1, model: 'gpt-mock' };
const CHAT_USAGE = {
  ...{ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
  prompt_tokens_details: { cached_tokens: 4 },
};

/** `chat/completions` of OpenAI. */
export const chat = {
  json: (content: string, choice: object = {}): unknown => ({
    ...{ ...CHAT, object: 'chat.completion', usage: CHAT_USAGE },
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop', ...choice }],
  }),
  events: (words: readonly string[], finishReason: string | null = 'stop'): string[] => [
    ...words.map((content) =>
      event({
        ...CHAT,
        object: 'chat.completion.chunk',
        choices: [{ index: 0, delta: { content }, finish_reason: null }],
      }),
    ),
    event({
      ...CHAT,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: {}, finish_reason: finishReason }],
    }),
    event({ ...CHAT, object: 'chat.completion.chunk', choices: [], usage: CHAT_USAGE }),
    event('[DONE]'),
  ],
  toolEvents: (name: string): string[] => [
    event({
      ...{ ...CHAT, object: 'chat.completion.chunk' },
      choices: [
        {
          index: 0,
          delta: { tool_calls: [{ index: 0, id: '1', function: { name, arguments: '{}' } }] },
          finish_reason: null,
        },
      ],
    }),
    event({ ...CHAT, choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }),
    event('[DONE]'),
  ],
};

/** `responses` of OpenAI. */
export const responses = {
  json: (text: string, more: object = {}): unknown => ({
    ...{ id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-mock', status: 'completed', error: null },
    incomplete_details: null,
    output: [
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text, annotations: [] }],
      },
    ],
    usage: { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, total_tokens: 15 },
    ...more,
  }),
  events: (
    words: readonly string[],
    end: 'completed' | 'incomplete' | 'failed' = 'completed',
    more: object = {},
  ): string[] => [
    event({ type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } }, 'response.created'),
    ...words.map((delta) =>
      event(
        { type: 'response.output_text.delta', delta, item_id: 'msg_1', output_index: 0, content_index: 0 },
        'response.output_text.delta',
      ),
    ),
    event(
      { type: `response.${end}`, response: responses.json(words.join(''), { status: end, ...more }) },
      `response.${end}`,
    ),
  ],
};

/** `embeddings` of OpenAI. */
export const embeddings = (vectors: readonly (readonly number[])[]): unknown => ({
  ...{ object: 'list', model: 'embed-mock', usage: { prompt_tokens: 3, total_tokens: 3 } },
  data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
});

const MESSAGE = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-mock' };

/** `messages` of Anthropic. */
export const messages = {
  json: (text: string, more: object = {}): unknown => ({
    ...MESSAGE,
    content: [{ type: 'text', text }],
    ...{ stop_reason: 'end_turn', stop_sequence: null },
    usage: { input_tokens: 6, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 5 },
    ...more,
  }),
  events: (words: readonly string[], stopReason = 'end_turn'): string[] => [
    event(
      {
        type: 'message_start',
        message: { ...MESSAGE, content: [], stop_reason: null, usage: { input_tokens: 6, output_tokens: 1 } },
      },
      'message_start',
    ),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 'content_block_start'),
    event({ type: 'ping' }, 'ping'),
    ...words.map((text) =>
      event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }, 'content_block_delta'),
    ),
    event({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
    event({ type: 'message_delta', delta: { stop_reason: stopReason }, usage: { output_tokens: 5 } }, 'message_delta'),
    event({ type: 'message_stop' }, 'message_stop'),
  ],
};

/** An error in the middle of a stream, as the providers tell it. */
export const errorEvents = {
  openai: event({ error: { message: 'overloaded', type: 'server_error' } }),
  anthropic: event({ type: 'error', error: { type: 'overloaded_error', message: 'overloaded' } }, 'error'),
};
