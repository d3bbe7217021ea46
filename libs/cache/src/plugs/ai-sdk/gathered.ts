/** How long those who wait for another process hold up the others: about a round trip. */
const LONGEST_WAIT_MS = 10;

interface Waiting<K, V> {
  readonly key: K;
  readonly signal: AbortSignal;
  readonly settle: (value: V) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Asks for several keys in one call: as soon as each of the keys has either been asked for here or been answered by the cache. Those that
 * another process is loading are not waited for: a timer asks for what there is, and what comes later is asked for by itself.
 */
export class Gathered<K, V> {
  readonly #askAll: (keys: K[], signal: AbortSignal) => Promise<readonly V[]>;
  #undecided: number;
  #waiting: Waiting<K, V>[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(keys: number, askAll: (keys: K[], signal: AbortSignal) => Promise<readonly V[]>) {
    this.#undecided = keys;
    this.#askAll = askAll;
  }

  /** Runs what may ask for a key here, or may have its answer already. */
  async through<T>(key: K, run: (ask: (signal: AbortSignal) => Promise<V>) => Promise<T>): Promise<T> {
    let open = true;
    const decided = (): void => {
      if (open) this.#decided();
      open = false;
    };
    try {
      return await run((signal) => {
        const value = this.#ask(key, signal);
        decided();
        return value;
      });
    } finally {
      decided();
    }
  }

  #ask(key: K, signal: AbortSignal): Promise<V> {
    return new Promise((settle, fail) => {
      this.#waiting.push({ key, signal, settle, fail });
      this.#timer ??= setTimeout(() => void this.#flush(), LONGEST_WAIT_MS);
    });
  }

  #decided(): void {
    if (--this.#undecided === 0) void this.#flush();
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const asked = this.#waiting.splice(0);
    if (asked.length === 0) return;
    const keys = asked.map(({ key }) => key);
    try {
      const values = await this.#askAll(keys, allOf(asked.map(({ signal }) => signal)));
      // They are told by their places only: where one is missing, nobody knows whose the others are.
      if (values.length !== keys.length)
        throw new RangeError(`${keys.length} values were asked for, ${values.length} came.`);
      asked.forEach(({ settle }, i) => settle(values[i] as V));
    } catch (error) {
      for (const { fail } of asked) fail(error);
    }
  }
}

/** Aborts when all of them have: a value that somebody still waits for is not given up for the others. */
function allOf(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  const look = (): void => {
    if (signals.every(({ aborted }) => aborted)) controller.abort(signals[0]?.reason);
  };
  for (const signal of signals) signal.addEventListener('abort', look, { once: true });
  look();
  return controller.signal;
}
