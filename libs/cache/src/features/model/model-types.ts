import { CodedError, type Duration } from '@mobius1/kernel';
import type { ModelMetadata, RefusalReason } from './admission.js';
import type { ModelQuestion } from './model-key.js';
import type { Cost } from './savings/prices.js';
import type { Sealed } from './sealing.js';

/**
 * How an answer came. `coalesced`: from an inference that somebody else was waiting for already. `semantic`: it was given to another
 * question that means the same.
 */
export type ModelHit = 'exact' | 'stale' | 'coalesced' | 'semantic' | 'none';
export type StoredHit = Exclude<ModelHit, 'none'>;

/** An answer, and what is known of it. */
export interface ModelAnswer<T = unknown> {
  /** What the model said. */
  readonly output: T;
  /** What its inference told of it. */
  readonly metadata: ModelMetadata;
  /** How it came. */
  readonly hit: ModelHit;
  /** How like the question is whose answer it is, for a semantic hit: the cosine of both. */
  readonly similarity?: number;
  /** Milliseconds since it was given. */
  readonly ageMs: number;
  /** Milliseconds for which it is fresh yet; 0 when it is not, or is not stored. */
  readonly ttlMs: number;
  /** Names the question in logs and metrics, without a word of it. */
  readonly fingerprint: string;
}

/** What may be said of one question to the cache. */
export interface ModelGetOptions extends Pick<ModelQuestion, 'params'> {
  /** An older answer does not count. Seconds or a string. @default none is too old before its TTL */
  readonly maxAge?: Duration;
}

/** What may be said of one answer that is stored. */
export interface ModelSetOptions extends Pick<ModelQuestion, 'params'> {
  /** Seconds or a string. @default that of the cache */
  readonly ttl?: Duration;
}

/** How the cache is used for one question. */
export interface ModelControls {
  /** Seconds or a string. @default that of the cache */
  readonly ttl?: Duration;
  /** Runs the inference whatever is stored, and stores the answer. @default false */
  readonly noCache?: boolean;
  /** The answer is not stored. @default false */
  readonly noStore?: boolean;
  /** Fails with NotCachedError instead of running the inference. @default false */
  readonly onlyIfCached?: boolean;
  /** An older answer does not count. Seconds or a string. @default none is too old before its TTL */
  readonly maxAge?: Duration;
  /** How long after its TTL an answer is given while it is asked for again. Seconds or a string. @default 0 */
  readonly staleWhileRevalidate?: Duration;
  /** How long after its TTL an answer is given when the inference fails. Seconds or a string. @default 0 */
  readonly staleIfError?: Duration;
  /** Which failures `staleIfError` is for. @default all but a `status` or `statusCode` that the request is to blame for: 4xx, without 408, 409, 425 and 429 */
  readonly staleIf?: (error: unknown) => boolean;
  /**
   * When the inference that this caller waits for fails: `fail` fails with it; `elect` asks once more, one of those who wait for all of
   * them. @default 'fail'
   */
  readonly onLeaderFailure?: 'fail' | 'elect';
}

/** A question for `wrap`: what it depends on, and how the cache is used for it. */
export interface ModelRequest<T = unknown> extends ModelQuestion, ModelControls {
  /** What is known of an answer: tokens, confidence, why it ended. @default its latency */
  readonly describe?: (output: T) => ModelMetadata;
  /** `false`: no answer of another question. @default true where there is a semantic tier */
  readonly semantic?: boolean;
}

/** An answer for `warmUp`. */
export interface ModelWarmUp extends ModelQuestion, ModelSetOptions {
  /** The answer; anything that can be cached. */
  readonly output: unknown;
  /** What is known of it. @default nothing */
  readonly metadata?: ModelMetadata;
}

/** What became of an answer that was to be stored. */
export interface ModelStored {
  /** Whether others will get it. */
  readonly stored: boolean;
  /** Why not. */
  readonly reason?: RefusalReason;
}

/** `onlyIfCached` was asked for, and there is no answer. */
export class NotCachedError extends CodedError {
  readonly code = 'CACHE_MODEL_NOT_CACHED';

  constructor(fingerprint: string) {
    super(`There is no stored answer (${fingerprint}), and onlyIfCached forbids to ask the model.`);
  }
}

/** An inference that was begun; see `ModelCache.begin`. */
export type ModelInference<T = unknown> =
  /** There is an answer already. */
  | { readonly cached: ModelAnswer<T> }
  /** It is for the caller to find one: others who ask the same wait for it. */
  | {
      readonly cached: null;
      /** Stores the answer and hands it to those who wait. */
      store(output: T, metadata?: ModelMetadata): Promise<ModelStored>;
      /** There will be none: those who wait fail with `error`. @default InferenceAbandonedError */
      abandon(error?: unknown): Promise<void>;
    };

/** Told to those who wait for an inference that was begun and given up without a reason. */
export class InferenceAbandonedError extends CodedError {
  readonly code = 'CACHE_MODEL_ABANDONED';

  constructor() {
    super('The inference that was waited for was given up. Ask again.');
  }
}

/** Where the answer to another question stands. */
export interface Pointer {
  /** Of the process that made it: it is handed to those who wait, and never read from the store. */
  readonly mark: string;
  readonly key: string;
  readonly proof: string;
  readonly similarity: number;
}

/** What an entry is beside its answer. */
interface StoredFacts {
  /** Compared when it is read: an entry under another key, or of another workspace, is not an answer. */
  readonly proof: string;
  /** Tells two answers to one question apart. */
  readonly id: string;
  readonly storedAt: number;
  readonly ttlMs: number;
  /** Why it is handed to those who wait for it, and not stored. */
  readonly refusal?: RefusalReason;
  /** Of the process that hands it to those who wait. */
  readonly mark?: string;
}

/** An answer as it is known to who made it. */
export interface PlainAnswer extends StoredFacts {
  readonly output: unknown;
  readonly metadata: ModelMetadata;
  /** By the prices of when it was given; absent when that was not known. */
  readonly cost?: Cost | undefined;
  /** It is no answer, but says where one is; its refusal is `semantic`. */
  readonly pointer?: Pointer;
}

/** What stands in the cache: an answer, or one that is encrypted. */
export type StoredAnswer = PlainAnswer | (StoredFacts & { readonly sealed: Sealed });
