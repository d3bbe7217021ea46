/** What a reader reads from. */
interface Readable<Part> {
  read(position: number, reader: { readonly owner: boolean }): IteratorResult<Part, undefined> | undefined;
  detach(reader: PartReader<Part>): void;
  advanced(): void;
}

/**
 * One reader of a recording: where it stands, and how it is left. It asks for parts at its own pace; to leave never waits for a part that
 * has not come.
 */
export class PartReader<Part> implements AsyncIterableIterator<Part, undefined> {
  /** Position of the part that is read next. */
  position = 0;
  /** It has been asked for a part that is not there yet. */
  waits = false;
  /** Gets the model's own objects: who asked it. */
  readonly owner: boolean;
  readonly #from: Readable<Part>;
  readonly #signal: AbortSignal | undefined;
  #left = false;
  #news: (() => void) | undefined;
  /** Calls of `next` take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(from: Readable<Part>, { owner, signal }: { owner: boolean; signal?: AbortSignal | undefined }) {
    this.#from = from;
    this.owner = owner;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#aborted, { once: true });
  }

  /** There may be news: a part. */
  wake(): void {
    this.#news?.();
  }

  /** There will be no more news: it has ended or failed. A signal that outlives it must not hold it. */
  over(): void {
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#news?.();
  }

  /** @throws what the model throws; the reason of the signal once it is aborted */
  next(): Promise<IteratorResult<Part, undefined>> {
    const result = this.#turn.then(() => this.#next());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  return(): Promise<IteratorResult<Part, undefined>> {
    this.#leave();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<Part, undefined>> {
    for (;;) {
      this.#signal?.throwIfAborted();
      if (this.#left) return { done: true, value: undefined };
      const found = this.#read();
      if (found !== undefined) return found;
      this.waits = true;
      await new Promise<void>((resolve) => (this.#news = resolve));
      this.waits = false;
    }
  }

  #read(): IteratorResult<Part, undefined> | undefined {
    try {
      const found = this.#from.read(this.position, this);
      if (found?.done) this.#leave();
      else if (found !== undefined) {
        this.position++;
        this.#from.advanced();
      }
      return found;
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  readonly #aborted = (): void => this.#leave();

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#signal?.removeEventListener('abort', this.#aborted);
    this.#from.detach(this);
    this.#news?.();
  }
}
