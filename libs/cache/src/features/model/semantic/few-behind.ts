// Embeddings and comparisons go to services that others use, too.
const AT_ONCE = 4;
/** A warm-up of a usual size waits here; what is more is left out. */
const MOST_WAITING = 1_000;
/** Work that holds on to answers, which may be large. */
export const MOST_HEAVY = 64;

/** Does work behind the callers' backs, a few at a time and a bounded number waiting. Work must not fail. */
export class FewBehind {
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  /** False when as much as this is waiting already. */
  add(work: () => Promise<void>, most = MOST_WAITING): boolean {
    if (this.#waiting.length >= most) return false;
    this.#waiting.push(work);
    if (this.#running < AT_ONCE) void this.#run();
    return true;
  }

  async #run(): Promise<void> {
    this.#running++;
    for (let work = this.#waiting.shift(); work !== undefined; work = this.#waiting.shift()) await work();
    this.#running--;
  }
}
