import type { Clock } from '@mobius1/kernel';
import type { CacheEngine } from '../../core/engine.js';
import type { SemanticStores } from '../../core/journal.js';
import type { Tally } from '../../core/tally.js';
import type { ModelMetadata } from './admission.js';
import type { ModelAccount, ModelKey, ModelQuestion } from './model-key.js';
import type { ModelAnswer, ModelControls, PlainAnswer } from './model-types.js';

/** An answer as its caller sees it, and as it is stored. */
export interface Outcome<T> {
  readonly answer: ModelAnswer<T>;
  readonly entry: PlainAnswer;
}

/** What a model cache is made of. */
export interface ModelCacheParts {
  readonly engine: CacheEngine;
  /** @default that of the machine */
  readonly clock?: Clock;
  /** Where savings are kept. @default nowhere */
  readonly tally?: Tally;
  /** Where the semantic tier keeps what it learns. @default in this process */
  readonly stores?: SemanticStores;
}

/** One question to the cache, resolved. */
export interface Inquiry extends ModelKey {
  readonly lifeMs: number;
  /** An older answer does not count. */
  readonly oldestMs: number;
  /** Milliseconds for which the inference of another process is waited for. */
  readonly waitTimeout: number;
  readonly controls: ModelControls;
}

/** What an inference made, to be judged. */
export interface Made extends Pick<ModelQuestion, 'params'> {
  readonly account: ModelAccount;
  /** What is kept. */
  readonly output: unknown;
  /** What is judged, when it is not the output itself. */
  readonly judged?: unknown;
  readonly metadata: ModelMetadata;
  readonly lifeMs: number;
}

/** What an inference made, and how its caller describes it. */
export interface Described extends Omit<Made, 'metadata'> {
  readonly latencyMs: number;
  readonly describe: () => ModelMetadata | undefined;
}

/**
 * Makes the answer. `show` hands out what is known of it before it is whole, to others who wait for it in this process; absent where
 * there is nobody.
 */
export type Make<Shown> = (show?: (what: Shown) => void) => Promise<PlainAnswer>;
