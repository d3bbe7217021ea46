import { mayPass } from '../../features/model/provider-failure.js';
import { eventsOf } from './events.js';
import type { Fetch } from './fetch-options.js';

/** The beginning of a recorded answer; its text follows in pieces. */
export interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export type Piece = Head | string;

/** Of the headers of an answer those that are about the answer, not about one call, one client or one connection. */
const KEPT_HEADERS: readonly string[] = ['content-type', 'x-request-id', 'request-id', 'openai-version'];
/** The body was decoded when it was fetched. */
const OF_THE_CONNECTION: readonly string[] = ['content-encoding', 'content-length', 'transfer-encoding', 'connection'];
/** More of an error nobody reads. */
const LONGEST_REFUSAL = 64 * 1024;

/** A provider answered something that is not to be recorded: its caller gets it as it is. */
export class NotRecordedError extends Error {
  override readonly name = 'NotRecordedError';
  readonly status: number;
  readonly #response: Response;
  readonly #body: Uint8Array | undefined;

  /** Without a body it is that of the response, which one caller only can read. */
  constructor(response: Response, body?: Uint8Array) {
    super(`The provider answered ${response.status}.`);
    this.status = response.status;
    this.#response = response;
    this.#body = body;
  }

  /** It is about the moment: an expired answer is better, and all who waited may have it. */
  get passing(): boolean {
    return this.#body !== undefined && mayPass(this);
  }

  toResponse(): Response {
    if (this.#body === undefined) return this.#response;
    const { status, statusText } = this.#response;
    // Some statuses forbid a body, even an empty one.
    const body = this.#body.length === 0 ? null : this.#body.slice();
    return new Response(body, { status, statusText, headers: headersOf(this.#response) });
  }
}

/** The headers of a response whose body is handed on decoded. */
export function headersOf(response: Response): Headers {
  const headers = new Headers(response.headers);
  for (const name of OF_THE_CONNECTION) headers.delete(name);
  return headers;
}

/** Failures for which an expired answer is better: time-outs, broken connections, 429, 5xx; never what the caller has to hear. */
export const isPassing = (error: unknown): boolean =>
  error instanceof NotRecordedError ? error.passing : mayPass(error);

/** A request to the provider. */
export interface Sending {
  readonly fetch: Fetch;
  readonly url: URL;
  readonly init: RequestInit;
  readonly signal: AbortSignal;
  readonly responseTimeout: number | undefined;
}

/** Sends a request; an answer that is no success, and one that is neither JSON nor events, is thrown. */
export async function send({ fetch, url, init, signal, responseTimeout }: Sending): Promise<Response> {
  const request = new AbortController();
  const unlink = stopWith(request, signal);
  const timer =
    responseTimeout === undefined ? undefined : setTimeout(() => giveUp(request, responseTimeout), responseTimeout);
  try {
    const response = await fetch(url, { ...init, signal: request.signal });
    if (response.ok && response.body !== null && isText(response)) return response;
    if (!response.ok) throw new NotRecordedError(response, await beginningOf(response));
    // It is its caller's alone: the recording ends here, and would take the body with it.
    unlink();
    if (init.signal) stopWith(request, init.signal);
    throw new NotRecordedError(response);
  } finally {
    clearTimeout(timer);
  }
}

/** Stops a request when the signal says so; returns what undoes this. */
function stopWith(request: AbortController, signal: AbortSignal): () => void {
  const stop = (): void => request.abort(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return () => signal.removeEventListener('abort', stop);
}

function giveUp(request: AbortController, ms: number): void {
  request.abort(new DOMException(`No answer within ${ms} ms.`, 'TimeoutError'));
}

const isText = (response: Response): boolean =>
  /\bjson\b|event-stream/.test(response.headers.get('content-type') ?? '');

export const isEvents = (headers: Head['headers']): boolean => (headers['content-type'] ?? '').includes('event-stream');

async function beginningOf({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= LONGEST_REFUSAL) break; // which ends the connection
  }
  return Buffer.concat(chunks);
}

/** An answer as it is recorded: its head, then its text; events one by one, anything else as a whole. */
export async function* piecesOf(response: Response): AsyncGenerator<Piece> {
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  const headers = Object.fromEntries(kept);
  yield { status: response.status, headers };
  const events = eventsOf(response.body as AsyncIterable<Uint8Array>);
  if (isEvents(headers)) yield* events;
  else yield await wholeOf(events);
}

async function wholeOf(texts: AsyncIterable<string>): Promise<string> {
  let whole = '';
  for await (const text of texts) whole += text;
  return whole;
}
