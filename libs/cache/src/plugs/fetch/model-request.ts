import { countedHeaders } from '../counted-headers.js';
import { type CachedFetchOptions, dependsOnState, type Fetch, type ModelCall } from './fetch-options.js';
import { type Json, numberIn, parseObject, textIn } from '../json.js';
import { type Protocol, protocolOf } from './protocols.js';

/** A request that asks a model. */
export interface ModelHttpRequest extends ModelCall {
  readonly body: Json;
  readonly protocol: Protocol;
  readonly modelId: string;
  readonly input: unknown;
  /** Everything else that may change the answer. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** What a request asks of which model; `undefined` when it asks none, or in a way that is not understood: nothing of it is consumed. */
export function modelRequestOf(
  [input, init]: Parameters<Fetch>,
  { vary }: CachedFetchOptions,
): ModelHttpRequest | undefined {
  if (input instanceof Request || init?.method?.toUpperCase() !== 'POST' || typeof init.body !== 'string')
    return undefined;
  if (!URL.canParse(String(input))) return undefined;
  const url = new URL(input);
  const protocol = protocolOf(url.pathname);
  const body = protocol && parseObject(init.body);
  if (protocol === undefined || body === undefined || dependsOnState(body)) return undefined;
  const modelId = textIn(body, 'model');
  const { [protocol.asked]: asked, model: _model, ...rest } = body;
  if (modelId === undefined || modelId === '' || asked === undefined) return undefined;
  const headers = new Headers(init.headers);
  return {
    ...{ url, headers, body, protocol, modelId, input: asked },
    params: {
      // Where the cache looks for them; everything is in the body as well.
      ...{ temperature: numberIn(body, 'temperature'), seed: numberIn(body, 'seed') },
      body: rest,
      http: { url: url.href, headers: countedHeaders(headers, vary) },
    },
  };
}
