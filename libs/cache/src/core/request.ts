import { OptionCheck } from '@mobius1/kernel';
import { scopeNames, tagNames } from './generation.js';
import { entryId } from './key.js';
import { type LoadOptions, type Plan, resolvePlan } from './options.js';

/** One cached read or write, resolved: what the engine's parts hand to each other. */
export interface CacheRequest {
  /** The public method, for messages. */
  readonly call: string;
  readonly key: string;
  readonly namespace: string | undefined;
  /** Key and namespace, encoded. */
  readonly id: string;
  /** Names of all generations that are known before the load. */
  readonly names: readonly string[];
  /** The load's tags will be known only from its value. */
  readonly lateTags: boolean;
  /** `show`: hands out what is known of the value before it is there, to those who join and can use it (`joinsShown`). */
  readonly load: (show?: (what: unknown) => void) => unknown;
  /** The caller takes what the load of another shows for an answer. */
  readonly joinsShown?: boolean | undefined;
  /** Whether a stored value is an answer for this caller; one that is not makes room for another. @default every one is */
  readonly accepts?: ((value: unknown) => boolean) | undefined;
  /** Called when the key is left to somebody else's load: its own is not to be waited for. */
  readonly standBack?: (() => void) | undefined;
  readonly options: LoadOptions<never> | undefined;
  readonly plan: Plan;
}

/** @throws InvalidKeyError, InvalidOptionsError */
export function resolveRequest(
  asked: Pick<CacheRequest, 'call' | 'key' | 'load' | 'options'>,
  defaults: Plan,
): CacheRequest {
  const { call, key, load, options } = asked;
  const namespace = options?.namespace;
  if (typeof load !== 'function') {
    const check = new OptionCheck(call);
    check.problem('load', 'a function that returns the value', load);
    check.throwIfAny();
  }
  const id = entryId(key, namespace); // first: it says what is wrong with a namespace
  const plan = resolvePlan(call, options, defaults);
  const tags = options?.tags;
  const names = scopeNames(namespace);
  if (Array.isArray(tags)) names.push(...tagNames(tags as readonly string[], namespace));
  // Field by field: every miss passes here, and to spread what was asked would cost more than to resolve it.
  return { call, key, namespace, id, names, lateTags: typeof tags === 'function', load, options, plan };
}
