/** A reply that is on its way; broken by whatever makes the reply too old to be kept. */
export interface Mark {
  intact: boolean;
  /** Reads that share the mark. */
  holders: number;
}

/**
 * Marks of reads in flight (protocol rule 7). A mark is placed before the command is written. A message about its key, a
 * local invalidation or the loss of the channel breaks it, and a reply is kept in this process only with its mark intact:
 * a reply that left Redis before an invalidation can arrive after the news of it.
 */
export class Marks {
  readonly #placed = new Map<string, Mark>();

  place(key: string): Mark {
    const mark = this.#placed.get(key);
    if (mark !== undefined) {
      mark.holders++;
      return mark;
    }
    const fresh = { intact: true, holders: 1 };
    this.#placed.set(key, fresh);
    return fresh;
  }

  /** The reply is there, or will not come. True when it may be kept. */
  lift(key: string, mark: Mark): boolean {
    mark.holders--;
    if (mark.holders === 0 && mark.intact) this.#placed.delete(key);
    return mark.intact;
  }

  break(key: string): void {
    const mark = this.#placed.get(key);
    if (mark === undefined) return;
    mark.intact = false;
    this.#placed.delete(key);
  }

  breakAll(): void {
    for (const mark of this.#placed.values()) mark.intact = false;
    this.#placed.clear();
  }
}
