import type { ModelCache } from '../features/model/model-cache.js';
import type { ModelAnswer, ModelRequest } from '../features/model/model-types.js';

/** A question whose caller may leave. */
export interface LeavableRequest<T> extends ModelRequest<T> {
  readonly signal?: AbortSignal | undefined;
}

/**
 * `ModelCache.wrap` for callers that may leave: one who leaves harms nobody who waits for the same answer.
 */
export async function askOnce<T>(
  models: ModelCache,
  { signal, ...request }: LeavableRequest<T>,
  run: (signal: AbortSignal) => PromiseLike<T>,
): Promise<ModelAnswer<T>> {
  signal?.throwIfAborted();
  return models.wrap(request, async () => run(new AbortController().signal));
}
