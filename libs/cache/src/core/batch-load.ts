import { BatchLoadError } from './errors.js';
import { type Flight, runningFlight } from './flight.js';

/** What a batch load returns: a map by key, or the values in the order of the keys it was given. */
export type Loaded<T> = ReadonlyMap<string, T> | readonly T[];

interface Round<T> {
  readonly keys: string[];
  /** The load that runs the round in its own asynchronous context. */
  readonly carrier: Flight | undefined;
  readonly values: Promise<ReadonlyMap<string, T>>;
}

/**
 * The loads of several keys as one (modelled in `test/model/gathering.mjs`).
 *
 * Each key keeps a load of its own, with its own lease and its own fill, so a key of a batch obeys the same rules as any
 * other and is shared with whoever reads it alone. Only where these loads would run, they meet: the first that comes
 * waits until every other key has either come too or stood back, because it was found or because somebody else loads
 * it. A batch never waits for a key of somebody else: two batches with one key of each other would wait for ever. Keys
 * that come later, after all (the other's load has failed), make a round of their own.
 */
export class BatchLoad<T> {
  readonly #load: (keys: string[]) => Loaded<T> | PromiseLike<Loaded<T>>;
  /** Keys of which it is not known yet whether they are loaded here. */
  readonly #undecided: Set<string>;
  #allDecided: () => void = () => undefined;
  readonly #decided = new Promise<void>((resolve) => (this.#allDecided = resolve));
  #round: Round<T> | undefined;

  constructor(keys: Iterable<string>, load: (keys: string[]) => Loaded<T> | PromiseLike<Loaded<T>>) {
    this.#undecided = new Set(keys);
    this.#load = load;
  }

  /** The value of one key; `undefined` when the batch load has none for it. */
  async load(key: string): Promise<T | undefined> {
    const round = (this.#round ??= this.#begin());
    round.keys.push(key);
    const mine = runningFlight();
    // The carrier may not wait for this key: it would wait for itself.
    if (mine !== undefined && round.carrier !== undefined && mine !== round.carrier) mine.waitFor(round.carrier);
    this.standBack(key);
    return (await round.values).get(key);
  }

  /** This key is not waited for any more. */
  standBack(key: string): void {
    if (this.#undecided.delete(key) && this.#undecided.size === 0) this.#allDecided();
  }

  #begin(): Round<T> {
    const keys: string[] = [];
    return { keys, carrier: runningFlight(), values: this.#run(keys) };
  }

  async #run(keys: string[]): Promise<ReadonlyMap<string, T>> {
    await this.#decided;
    // Keys whose news came with the same bytes come in the same turn: they make one round.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    this.#round = undefined;
    return asMap(await this.#load([...keys]), keys);
  }
}

function asMap<T>(loaded: unknown, keys: readonly string[]): ReadonlyMap<string, T> {
  if (loaded instanceof Map) return loaded as Map<string, T>;
  if (!Array.isArray(loaded)) throw new BatchLoadError('neither a Map nor an array');
  if (loaded.length !== keys.length) throw new BatchLoadError(`${loaded.length} values for ${keys.length} keys`);
  return new Map(keys.map((key, i) => [key, loaded[i] as T]));
}
