import type { ExecutionContext } from '@nestjs/common';

/** What Nest calls the type of a context, as far as it is known here. */
export type LimitedTransport = 'http' | 'graphql' | 'ws' | 'rpc' | 'other';

/** What callers are read from: an HTTP request of Express or Fastify, or the client of a WebSocket. */
export interface LimitedRequest {
  /** The address, as the adapter tells it. */
  readonly ip?: unknown;
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** Whatever authentication has put there. */
  readonly user?: unknown;
  /** Whatever the application has put there. */
  readonly workspace?: unknown;
  /** Anything else that a reader of yours looks for. */
  readonly [property: string]: unknown;
}

/** One call of a handler, whatever brought it. */
export interface LimitedCall {
  /** What brought it. */
  readonly transport: LimitedTransport;
  /** An empty object where the transport has none. */
  readonly request: LimitedRequest;
  /** What headers can be set on; `undefined` where the transport has none. */
  readonly response: object | undefined;
  /** Where it comes from, as far as the transport tells; proxies are believed as far as the HTTP adapter believes them. */
  readonly address: unknown;
  /** The same object however many guards or GraphQL fields see this request. */
  readonly once: object;
}

interface Carrier {
  readonly req?: LimitedRequest;
  readonly request?: LimitedRequest;
  readonly res?: object;
  readonly reply?: object;
}

/** Reads a call out of what Nest hands to a guard. */
export function limitedCall(context: ExecutionContext): LimitedCall {
  switch (context.getType<string>()) {
    case 'http':
      return ofHttp(context.getArgByIndex<LimitedRequest>(0), context.getArgByIndex<object>(1));
    case 'graphql':
      return ofGraphql(context);
    case 'ws':
      return ofWebSocket(context);
    case 'rpc':
      return ofMessage(context);
    default:
      return { transport: 'other', request: {}, response: undefined, address: undefined, once: context.getArgs() };
  }
}

/** `raw`: what is the same in middleware, in a controller and in a resolver on Fastify. */
const rawOf = (request: LimitedRequest): object =>
  isObject(request.raw) && 'headers' in request.raw ? request.raw : request;

function ofHttp(request: LimitedRequest, response: object): LimitedCall {
  return { transport: 'http', request, response, address: request.ip, once: rawOf(request) };
}

/**
 * The fields of one operation, and the operations of one batch, come with one HTTP request. Operations over a WebSocket all come with the
 * request that opened it: there each operation counts, by its context.
 */
function ofGraphql(context: ExecutionContext): LimitedCall {
  const carrier = (context.getArgByIndex<unknown>(2) ?? {}) as Carrier;
  const request = carrier.req ?? carrier.request ?? {};
  const overHttp = isObject(request.headers) && request.headers.upgrade === undefined;
  const response = carrier.res ?? carrier.reply ?? (isObject(request.res) ? request.res : undefined);
  return {
    transport: 'graphql',
    request,
    response: overHttp ? response : undefined,
    address: request.ip ?? peerOf(request.socket),
    once: overHttp ? rawOf(request) : carrier,
  };
}

/** Socket.IO tells the address in its handshake; ws knows its socket. */
function ofWebSocket(context: ExecutionContext): LimitedCall {
  const client = context.getArgByIndex<LimitedRequest | undefined>(0) ?? {};
  const handshake = (isObject(client.handshake) ? client.handshake : {}) as LimitedRequest;
  const { headers = handshake.headers } = client;
  const user = client.user ?? (client.data as { user?: unknown } | undefined)?.user;
  const request = headers === client.headers && user === client.user ? client : view(client, { headers, user });
  const address = handshake.address ?? peerOf(client._socket);
  return { transport: 'ws', request, response: undefined, address, once: context.getArgs() };
}

function ofMessage(context: ExecutionContext): LimitedCall {
  const carrier = context.getArgByIndex<{ getSocketRef?: () => { socket?: unknown } } | undefined>(1);
  const peer = typeof carrier?.getSocketRef === 'function' ? carrier.getSocketRef() : undefined;
  const address = peerOf(peer) ?? peerOf(peer?.socket);
  return { transport: 'rpc', request: {}, response: undefined, address, once: context.getArgs() };
}

/** A client with more to read; the client itself stays as it is. */
const view = (client: LimitedRequest, more: Partial<LimitedRequest>): LimitedRequest =>
  Object.assign(Object.create(client) as LimitedRequest, more);

const peerOf = (socket: unknown): unknown =>
  isObject(socket) ? (socket as { remoteAddress?: unknown }).remoteAddress : undefined;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
