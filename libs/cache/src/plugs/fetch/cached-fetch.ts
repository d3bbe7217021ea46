import type { ModelMetadata } from '../../features/model/admission.js';
import type { ModelCache } from '../../features/model/model-cache.js';
import { NotCachedError } from '../../features/model/model-types.js';
import { mergeControls } from '../controls.js';
import { mapped } from '../mapped.js';
import { type CachedFetchOptions, checkFetchOptions, controlsOf, type Fetch, workspaceOf } from './fetch-options.js';
import { type ModelHttpRequest, modelRequestOf } from './model-request.js';
import { describe } from './protocols.js';
import { headersOf, type Head, isEvents, isPassing, NotRecordedError, type Piece, piecesOf, send } from './upstream.js';

/**
 * A `fetch` for SDKs of models that speak like OpenAI or Anthropic: `chat/completions`, `completions`, `responses`, `embeddings` and
 * `messages`, at once or as server-sent events. What a model answered is kept; one request for all who ask the same at the same time.
 * Everything else goes through untouched.
 *
 * @throws InvalidOptionsError; in a call when nobody says whose answer it is
 *
 * @example
 * const openai = new OpenAI({ fetch: cachedFetch(modelCache, { workspaceId: 'w1' }) });
 */
export function cachedFetch(models: ModelCache, options: CachedFetchOptions): Fetch {
  checkFetchOptions(options);
  return async (input, init) => {
    const { fetch = globalThis.fetch } = options;
    const request = modelRequestOf([input, init], options);
    if (request === undefined) return fetch(input, init);
    return answer(models, { ...options, fetch }, { request, init: init ?? {} });
  };
}

interface Asked {
  readonly request: ModelHttpRequest;
  readonly init: RequestInit;
}

async function answer(
  models: ModelCache,
  options: CachedFetchOptions & { readonly fetch: Fetch },
  { request, init }: Asked,
): Promise<Response> {
  const { fetch, responseTimeout, pace = 'none' } = options;
  const { url, headers, modelId, input, params } = request;
  let own: Response | undefined;
  const mine = { led: false };
  try {
    const stream = await models.stream<Piece>(
      {
        ...mergeControls(options, controlsOf(headers)),
        ...{ modelId, input, params, workspaceId: workspaceOf(options, request), pace, staleIf: isPassing },
        ...(init.signal ? { signal: init.signal } : {}),
        describe: (pieces) => metadataOf(request, pieces),
      },
      async (signal) => {
        mine.led = true;
        own = await send({ fetch, url, init, signal, responseTimeout });
        return piecesOf(own);
      },
    );
    return await responseOf(stream, stream.hit === 'none' ? own : undefined);
  } catch (error) {
    if (error instanceof NotCachedError) return notCached(error);
    if (!(error instanceof NotRecordedError)) throw error;
    // What somebody else's key may not do, this one may.
    return mine.led || isPassing(error) ? error.toResponse() : fetch(url, init);
  }
}

function metadataOf({ protocol, body }: ModelHttpRequest, pieces: readonly Piece[]): ModelMetadata {
  const [head, ...text] = pieces as readonly [Head, ...string[]];
  return describe(protocol, { body, text: text.join(''), events: isEvents(head.headers) });
}

interface Came extends AsyncIterable<Piece> {
  readonly hit: string;
  readonly ageMs: number;
  readonly fingerprint: string;
}

/** The answer as a response, with what is told of it. `own`: of the provider, whose headers are then all there. */
async function responseOf(pieces: Came, own: Response | undefined): Promise<Response> {
  const { hit, ageMs, fingerprint } = pieces;
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.value as Head;
  const headers = own === undefined ? new Headers(head.headers) : headersOf(own);
  headers.set('x-mobius-cache', hit);
  if (fingerprint !== '') headers.set('x-mobius-fingerprint', printable(fingerprint));
  if (hit !== 'none') headers.set('age', String(Math.floor(ageMs / 1_000)));
  const encoder = new TextEncoder();
  const bytes = mapped(iterator, (piece) => encoder.encode(piece as string));
  return new Response(ReadableStream.from(bytes), { status: head.status, headers });
}

/** For a header, which holds neither other scripts nor line breaks. */
const printable = (text: string): string =>
  text.replace(/[\ud800-\udfff]/gu, '\ufffd').replace(/[^!-~]/gu, encodeURIComponent);

/** What HTTP has for it; SDKs are told not to try again. */
function notCached(error: NotCachedError): Response {
  const { message, code } = error;
  const headers = { 'x-should-retry': 'false', 'x-mobius-cache': 'none' };
  return Response.json({ error: { message, code, type: 'not_cached' } }, { status: 504, headers });
}
