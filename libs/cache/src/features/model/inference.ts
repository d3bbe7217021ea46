import { checkMetadata, type ModelMetadata } from './admission.js';
import type { Outcome } from './inquiry.js';
import { InferenceAbandonedError, type ModelInference, type ModelStored } from './model-types.js';

/** What of the cache a flow needs that stores later. */
export interface InferenceParts<T> {
  /** Runs a question through the cache, with this for the inference. */
  readonly wrap: (run: () => Promise<T>, describe: () => ModelMetadata) => Promise<Outcome<T>>;
  /** What became of the entry: it is stored, or was made void meanwhile. */
  readonly fate: (outcome: Outcome<T>) => Promise<ModelStored>;
}

/**
 * Turns an inference that is handed over as a function inside out: the function waits until the caller has the answer. So the lease is
 * held and renewed, others wait, and an invalidation in between wins, exactly as if the caller had handed it over.
 */
export async function beginInference<T>({ wrap, fate }: InferenceParts<T>): Promise<ModelInference<T>> {
  let settle!: (output: T) => void;
  let fail!: (error: unknown) => void;
  const answered = new Promise<T>((resolve, reject) => ((settle = resolve), (fail = reject)));
  let began!: (mine: null) => void;
  const mine = new Promise<null>((resolve) => (began = resolve));
  let metadata: ModelMetadata = {};
  const whole = wrap(
    () => {
      began(null);
      return answered;
    },
    () => metadata,
  );
  whole.catch(() => undefined); // told to whoever waits, and to whoever calls `abandon`
  const found = await Promise.race([whole, mine]);
  if (found !== null) return { cached: found.answer };
  return {
    cached: null,
    store: async (output, described = {}) => {
      checkMetadata('store()', described);
      metadata = described;
      settle(output);
      return fate(await whole);
    },
    abandon: async (error = new InferenceAbandonedError()) => {
      fail(error);
      await whole.catch(() => undefined);
    },
  };
}
