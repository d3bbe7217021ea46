import { OptionCheck } from '@mobius1/kernel';
import type { KeyPart } from '../../features/manager/cache-keys.js';
import {
  type CacheControls,
  checkControls,
  checkWorkspace,
  CONTROL_NAMES,
} from '../../features/model/model-controls.js';
import { checkPace, type ReplayPace } from '../../features/model/stream/replay.js';
import type { WorkspaceOf } from '../controls.js';
import type { Json } from '../json.js';

/** A `fetch`, as it is built in, and as SDKs take it. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** What a model is asked, for functions of the options. */
export interface ModelCall {
  /** Where the request goes. */
  readonly url: URL;
  /** Of the request. */
  readonly headers: Headers;
  /** The JSON that is sent. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** How `cachedFetch` keeps answers. A request may say otherwise in its header `cache-control`. */
export interface CachedFetchOptions extends CacheControls {
  /** Whose answers these are; a function finds out for each request. */
  readonly workspaceId: WorkspaceOf<[call: ModelCall]>;
  /** Sends the requests. @default the global `fetch` */
  readonly fetch?: Fetch;
  /** Headers that change the answer, beside those that begin with `openai-` or `anthropic-`. @default none */
  readonly vary?: readonly string[];
  /** How a recorded answer is streamed again. @default 'none': at once */
  readonly pace?: ReplayPace;
  /** Milliseconds for the provider to begin its answer; then the request fails, or `staleIfError` has an answer. @default none */
  readonly responseTimeout?: number;
}

/** @throws InvalidOptionsError with every problem at once */
export function checkFetchOptions(options: CachedFetchOptions): void {
  const check = new OptionCheck('cachedFetch()');
  check.unknownKeys('', options, [...CONTROL_NAMES, 'workspaceId', 'fetch', 'vary', 'pace', 'responseTimeout']);
  checkControls(check, '', options);
  check.required('workspaceId', options.workspaceId, 'whose answers these are, or a function that finds out');
  checkWorkspace(check, 'workspaceId', options.workspaceId);
  checkPace(check, 'pace', options.pace);
  check.function('fetch', options.fetch);
  check.positiveInteger('responseTimeout', options.responseTimeout);
  const { vary } = options as { vary?: unknown };
  if (vary !== undefined && !(Array.isArray(vary) && vary.every((name) => typeof name === 'string')))
    check.problem('vary', 'a list of names of headers', vary);
  check.throwIfAny();
}

/** Whose answer it is. @throws InvalidOptionsError when nobody says */
export function workspaceOf({ workspaceId }: CachedFetchOptions, call: ModelCall): KeyPart {
  const found = typeof workspaceId === 'function' ? workspaceId(call) : workspaceId;
  const check = new OptionCheck('cachedFetch()');
  check.required('workspaceId', found, 'whose answer it is');
  checkWorkspace(check, 'workspaceId', found);
  check.throwIfAny();
  return found as KeyPart;
}

/** What a request asks of caches, in the words of HTTP (RFC 9111, RFC 5861). What is not understood is passed over. */
export function controlsOf(headers: Headers): CacheControls {
  const said = new Map<string, string>();
  for (const directive of (headers.get('cache-control') ?? '').split(',')) {
    const [name = '', value = ''] = directive.trim().toLowerCase().split('=');
    said.set(name, value);
  }
  const seconds = (name: string): number | undefined => {
    const value = said.get(name);
    return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  };
  const [maxAge, staleIfError] = [seconds('max-age'), seconds('stale-if-error')];
  return {
    ...(said.has('no-cache') || maxAge === 0 ? { noCache: true } : {}),
    ...(said.has('no-store') ? { noStore: true } : {}),
    ...(said.has('only-if-cached') ? { onlyIfCached: true } : {}),
    ...(maxAge === undefined || maxAge === 0 ? {} : { maxAge }),
    ...(staleIfError === undefined ? {} : { staleIfError }),
  };
}

/** What a body says that only a server can know: the answer depends on a state that no key has. */
export function dependsOnState(body: Json): boolean {
  const has = (name: string): boolean => body[name] !== undefined && body[name] !== null;
  return has('conversation') || has('thread') || body.background === true;
}
