/** What is told when nobody asks for its key any more. */
interface Leavable {
  leaveIfAlone(): void;
}

interface Key {
  /** Callers that have no answer yet. */
  asking: number;
  readonly recordings: Set<Leavable>;
}

/**
 * Who asks in this process, and which answers are recorded for them, by key. A model is told to stop once nobody reads and nobody who
 * asks may still come to read; whoever goes last has to say so, whether or not the inference was theirs (G12).
 */
export class UnderWay {
  readonly #keys = new Map<string, Key>();
  #recordings = 0;

  /** Answers that are recorded now. */
  get recordings(): number {
    return this.#recordings;
  }

  /** Whether somebody who asks for this key may still come to read. */
  expects(key: string): boolean {
    return (this.#keys.get(key)?.asking ?? 0) > 0;
  }

  arrive(key: string): void {
    this.#of(key).asking++;
  }

  /** This caller reads, or has given up. */
  depart(key: string): void {
    const known = this.#of(key);
    known.asking--;
    if (known.asking === 0) for (const recording of known.recordings) recording.leaveIfAlone();
    this.#tidy(key, known);
  }

  /** Counts a recording until `over`. */
  add(key: string, recording: Leavable & { readonly whole: Promise<unknown> }): void {
    const known = this.#of(key);
    known.recordings.add(recording);
    this.#recordings++;
    const over = (): void => {
      known.recordings.delete(recording);
      this.#recordings--;
      this.#tidy(key, known);
    };
    recording.whole.then(over, over);
  }

  #of(key: string): Key {
    const known = this.#keys.get(key) ?? { asking: 0, recordings: new Set() };
    this.#keys.set(key, known);
    return known;
  }

  #tidy(key: string, { asking, recordings }: Key): void {
    if (asking === 0 && recordings.size === 0) this.#keys.delete(key);
  }
}
