/** A model that answers in parts when the test says so. */
export function heldStream<Part>() {
  const parts: Part[] = [];
  let over: { readonly error?: unknown } | undefined;
  let news: (() => void) | undefined;
  const signals: AbortSignal[] = [];
  const tell = (): void => news?.();
  async function* read(signal: AbortSignal): AsyncGenerator<Part> {
    for (let i = 0; ;) {
      signal.throwIfAborted();
      if (i < parts.length) yield parts[i++] as Part;
      else if (over !== undefined && 'error' in over) throw over.error;
      else if (over !== undefined) return;
      else
        await new Promise<void>((resolve) => {
          news = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
    }
  }
  return {
    /** Asks the model. */
    start: jest.fn((signal: AbortSignal) => {
      signals.push(signal);
      return read(signal);
    }),
    signals,
    push(...more: Part[]): void {
      parts.push(...more);
      tell();
    },
    end(): void {
      over = {};
      tell();
    },
    fail(error: unknown): void {
      over = { error };
      tell();
    },
  };
}

/** All that is left of a stream. */
export async function rest<Part>(stream: AsyncIterable<Part>): Promise<Part[]> {
  const parts: Part[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}
