/** What a model answers in parts: an async iterable, or a stream of the web. */
export type StreamSource<Part> = AsyncIterable<Part> | ReadableStream<Part>;

/** The parts of a source, one after the other, until it is stopped. */
export interface PartPump<Part> {
  next(): Promise<IteratorResult<Part, unknown>>;
  /** Tells the source that nobody wants more. Never waits, never throws. */
  stop(reason: unknown): void;
}

/**
 * A web stream is read with a reader of its own: its async iterator would hold back `return()` until the part that it waits for has come.
 *
 * @throws TypeError when it is neither of both
 */
export function pumpOf<Part>(source: StreamSource<Part>): PartPump<Part> {
  const stream = source as Partial<ReadableStream<Part>>;
  if (typeof stream.getReader === 'function') return ofWebStream(source as ReadableStream<Part>);
  const iterable = source as Partial<AsyncIterable<Part>> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] === 'function') return ofIterable(source as AsyncIterable<Part>);
  throw new TypeError('stream(): what asks the model has to return an async iterable or a ReadableStream.');
}

function ofWebStream<Part>(stream: ReadableStream<Part>): PartPump<Part> {
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    stop: (reason) => void reader.cancel(reason).catch(() => undefined),
  };
}

function ofIterable<Part>(iterable: AsyncIterable<Part>): PartPump<Part> {
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    stop: () => {
      try {
        Promise.resolve(iterator.return?.()).catch(() => undefined);
      } catch {
        // It was to stop, and has.
      }
    },
  };
}
