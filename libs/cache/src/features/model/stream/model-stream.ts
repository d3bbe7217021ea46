import type { ModelAnswer } from '../model-types.js';
import { ModelStreamError } from './errors.js';

/** How an answer came that is read in parts. */
export type StreamFacts = Pick<ModelAnswer, 'hit' | 'ageMs' | 'ttlMs' | 'fingerprint'>;

/**
 * An answer of a model in parts, for one reader, once. Parts come as fast as they are asked for, not faster than the model gives them.
 * Whoever does not read it to its end leaves it: `break` and `return` in `for await` do, so does `cancel()`.
 */
export class ModelStream<Part> implements AsyncIterable<Part>, StreamFacts {
  /** How it came. */
  readonly hit: StreamFacts['hit'];
  /** Milliseconds since it was given. */
  readonly ageMs: number;
  /** Milliseconds for which it is fresh yet; 0 when it is not, or is not stored. */
  readonly ttlMs: number;
  /** Names the question in logs and metrics, without a word of it. */
  readonly fingerprint: string;
  readonly #parts: AsyncIterator<Part, undefined>;
  #taken = false;

  constructor({ hit, ageMs, ttlMs, fingerprint }: StreamFacts, parts: AsyncIterator<Part, undefined>) {
    this.hit = hit;
    this.ageMs = ageMs;
    this.ttlMs = ttlMs;
    this.fingerprint = fingerprint;
    this.#parts = parts;
  }

  /** The parts, as `for await` takes them. @throws ModelStreamError when it was read before */
  [Symbol.asyncIterator](): AsyncIterator<Part, undefined> {
    if (this.#taken) throw new ModelStreamError('An answer in parts can be read once; ask again for another reader.');
    this.#taken = true;
    return this.#parts;
  }

  /** The same as a stream of the web. @throws ModelStreamError when it was read before */
  toReadableStream(): ReadableStream<Part> {
    const parts = this[Symbol.asyncIterator]();
    return new ReadableStream<Part>(
      {
        pull: async (controller) => {
          const { done, value } = await parts.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: async () => {
          await parts.return?.();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Leaves the answer, read or not. */
  async cancel(): Promise<void> {
    this.#taken = true;
    await this.#parts.return?.();
  }
}
