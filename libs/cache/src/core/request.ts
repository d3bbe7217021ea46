import type { LoadOptions, Plan } from './options.js';

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
  /** Called when the key is left to somebody else's load: its own is not to be waited for. */
  readonly standBack?: (() => void) | undefined;
  readonly options: LoadOptions<never> | undefined;
  readonly plan: Plan;
}
