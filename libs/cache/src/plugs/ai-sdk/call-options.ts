import { OptionCheck } from '@mobius1/kernel';
import type { KeyPart } from '../../features/manager/cache-keys.js';
import type { ModelQuestion } from '../../features/model/model-key.js';
import {
  type CacheControls,
  checkControls,
  checkWorkspace,
  CONTROL_NAMES,
} from '../../features/model/model-controls.js';
import { checkPace, type ReplayPace } from '../../features/model/stream/replay.js';
import { mergeControls, type WorkspaceOf } from '../controls.js';
import { countedHeaders } from '../counted-headers.js';
import type { SdkCall, SdkModel } from './sdk-types.js';

/** What is the same for all calls of a model; each call may say otherwise under `providerOptions.mobius`. */
export interface AiSdkCacheOptions extends CacheControls {
  /** Whose answers these are; a function finds out for each call. @default each call says it */
  readonly workspaceId?: WorkspaceOf;
  /** How a recorded answer is streamed again. @default 'none': at once */
  readonly pace?: ReplayPace;
}

/**
 * What a call may say: `providerOptions: { mobius: { … } }`, which the provider does not see. What is not said here is as the options of the
 * model say.
 */
export interface MobiusProviderOptions extends CacheControls {
  /** Whose answer it is. @default that of the options */
  readonly workspaceId?: string | number;
}

/** @throws InvalidOptionsError with every problem at once */
export function checkOptions(scope: string, options: AiSdkCacheOptions): void {
  const check = new OptionCheck(scope);
  check.unknownKeys('', options, [...CONTROL_NAMES, 'workspaceId', 'pace']);
  checkControls(check, '', options);
  checkPace(check, 'pace', options.pace);
  checkWorkspace(check, 'workspaceId', options.workspaceId);
  check.throwIfAny();
}

/** A call, taken apart: what is asked of the cache and how, and what goes to the provider. */
export interface CacheCall<Call> {
  readonly request: ModelQuestion & CacheControls;
  /** Without our options. */
  readonly sent: Call;
}

/**
 * Everything in the parameters counts, but for headers and signals, which `ModelKeys` leaves out, and our own options. So do those headers
 * that change answers, the provider, and the specification: answers of v2 and v3 have unlike shapes.
 *
 * @throws InvalidOptionsError when nobody says whose answer it is, or when our options are wrong
 */
export function takeApart<Call extends SdkCall>(
  options: AiSdkCacheOptions,
  { model, params, operation }: { readonly model: SdkModel; readonly params: Call; readonly operation: string },
): CacheCall<Call> {
  const { mobius = {}, ...others } = params.providerOptions ?? {};
  const providerOptions = Object.keys(others).length === 0 ? undefined : others;
  const sent = { ...params, providerOptions };
  const { prompt, values, ...settings } = sent as Call & { prompt?: unknown; values?: unknown };
  const { provider, modelId, specificationVersion } = model;
  const headers = countedHeaders(Object.entries(params.headers ?? {}));
  const counted = Object.keys(headers).length === 0 ? {} : { headers };
  const request = {
    ...mergeControls(options, mobius),
    ...{ modelId, workspaceId: workspaceOf(options, mobius), input: prompt ?? values },
    params: { ...settings, 'ai-sdk': { provider, specificationVersion, operation, ...counted } },
  };
  return { request, sent };
}

function workspaceOf({ workspaceId }: AiSdkCacheOptions, said: MobiusProviderOptions): KeyPart {
  const check = new OptionCheck('providerOptions.mobius');
  check.unknownKeys('', said, [...CONTROL_NAMES, 'workspaceId']);
  checkControls(check, '', said);
  const found = said.workspaceId ?? (typeof workspaceId === 'function' ? workspaceId() : workspaceId);
  if (!['string', 'number', 'bigint'].includes(typeof found) || found === '')
    check.problem('workspaceId', 'whose answer it is', found, 'say it here, or once for the model: { workspaceId: … }');
  check.throwIfAny();
  return found as KeyPart;
}

/** How an answer came, under `providerMetadata.mobius`. */
export interface MobiusProviderMetadata {
  readonly hit: string;
  readonly ageMs: number;
  readonly ttlMs: number;
  readonly fingerprint: string;
}
