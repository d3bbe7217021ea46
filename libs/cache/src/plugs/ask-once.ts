import type { ModelMetadata } from '../features/model/admission.js';
import type { ModelCache } from '../features/model/model-cache.js';
import { UnsharablePartError } from '../features/model/stream/errors.js';
import type { ModelAnswer, ModelRequest } from '../features/model/model-types.js';

/** A question whose caller may leave. */
export interface LeavableRequest<T> extends Omit<ModelRequest<T>, 'describe'> {
  readonly describe: (answer: T) => ModelMetadata;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, and how it came. */
export type AnswerOnce<T> = Omit<ModelAnswer<T>, 'metadata'>;

/**
 * `ModelCache.wrap` for callers that may leave: one who leaves harms nobody who waits for the same answer, and when all have left, the
 * model is told. An answer in one part is what `stream` is good for, too.
 *
 * @param run asks the model; its signal aborts when nobody waits any more
 */
export async function askOnce<T>(
  models: ModelCache,
  { signal, describe, ...request }: LeavableRequest<T>,
  run: (signal: AbortSignal) => PromiseLike<T>,
): Promise<AnswerOnce<T>> {
  const stream = await models.stream<T>(
    { ...request, ...(signal && { signal }), describe: ([answer]) => describe(answer as T) },
    async function* (left) {
      yield await run(left);
    },
  );
  const { hit, ageMs, ttlMs, fingerprint } = stream;
  try {
    let output: T | undefined;
    for await (const answer of stream) output = answer;
    return { output: output as T, hit, ageMs, ttlMs, fingerprint };
  } catch (error) {
    if (!(error instanceof UnsharablePartError)) throw error;
    // What this caller waited for is only for who asked first: an answer that is no data.
    const output = await run(signal ?? new AbortController().signal);
    return { output, hit: 'none', ageMs: 0, ttlMs: 0, fingerprint };
  }
}
