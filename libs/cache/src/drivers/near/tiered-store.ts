import type { Clock } from '@mobius1/kernel';
import type { Entry, HeldEntry } from '../../core/entry.js';
import type {
  Acquisition,
  Coherence,
  Drawn,
  Fenced,
  Heard,
  Invalidation,
  Listener,
  Reading,
  ReadQuery,
  Selection,
  Store,
} from '../../core/store.js';
import type { Token } from '../../core/token.js';
import { PollingWatch, type Watch } from '../../core/watch.js';
import { Marks } from './marks.js';
import type { NearCache } from './near-cache.js';
import { PushWatches } from './push-watch.js';

/**
 * Redis with a tier in this process before it (G4, G5; protocol rules 7 to 12).
 *
 * While every change of our keys is heard, what was read from Redis is kept here and answers without a round trip; a
 * message, or an invalidation by this process, drops it. While anything may go unheard nothing is kept, nothing is served
 * from here, and this is Redis alone. Between the two, `bounded`, the processes tell each other what they change, and what
 * is kept is kept for `boundedMs` at most.
 */
export class TieredStore implements Store {
  readonly kind = 'redis';
  readonly near: NearCache;
  readonly #redis: Store;
  readonly #clock: Clock;
  readonly #keys = new Marks();
  readonly #generations = new Marks();
  readonly #watches: PushWatches;
  readonly #listeners: Listener[] = [];
  readonly #boundedMs: number;
  #coherence: Coherence = 'deaf';
  #tellOthers: ((heard: Heard | 'everything') => void) | undefined;

  constructor(redis: Store, near: NearCache, { clock, boundedMs }: { clock: Clock; boundedMs: number }) {
    this.#redis = redis;
    this.near = near;
    this.#clock = clock;
    this.#boundedMs = boundedMs;
    this.#watches = new PushWatches(clock);
  }

  get audible(): boolean {
    return this.#coherence === 'coherent';
  }

  get coherence(): Coherence {
    return this.#coherence;
  }

  /** This is how changes are heard from now on; nothing of before counts. `tellOthers` tells what this process changes. */
  hear(coherence: Coherence, tellOthers?: (heard: Heard | 'everything') => void): void {
    this.#coherence = coherence;
    this.#tellOthers = coherence === 'bounded' ? tellOthers : undefined;
    this.near.limitAge(coherence === 'bounded' ? this.#boundedMs : Infinity);
    this.#forgetAll();
  }

  /** Somebody changed this. */
  changed(heard: Heard | 'everything'): void {
    if (heard === 'everything') {
      this.#forgetAll();
      return;
    }
    this.#forget(heard);
    this.#tell(heard);
  }

  get #hearing(): boolean {
    return this.#coherence === 'coherent' || this.#coherence === 'bounded';
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  watch(id: string): Watch {
    return this.audible ? this.#watches.watch(id) : new PollingWatch(this.#clock);
  }

  now(): number {
    return this.#redis.now();
  }

  peek(id: string): HeldEntry | undefined {
    return this.#hearing ? this.near.peek(id) : undefined;
  }

  read(query: ReadQuery): Promise<Reading> {
    return this.#hearing ? this.#readAndKeep(query) : this.#redis.read(query);
  }

  acquire(id: string, acquisition: Acquisition): Promise<boolean> {
    return this.#redis.acquire(id, acquisition);
  }

  force(id: string, token: Token, leaseMs: number): Promise<boolean> {
    return this.#forgetting({ ids: [id] }, () => this.#redis.force(id, token, leaseMs));
  }

  renew(id: string, token: Token, leaseMs: number): Promise<boolean> {
    return this.#redis.renew(id, token, leaseMs);
  }

  release(id: string, token: Token): Promise<boolean> {
    return this.#redis.release(id, token);
  }

  fail(id: string, token: Token): Promise<boolean> {
    return this.#redis.fail(id, token);
  }

  async fill(id: string, token: Token, entry: Entry): Promise<boolean> {
    if (!this.#hearing) return this.#redis.fill(id, token, entry);
    const mark = this.#keys.place(id);
    const filled = await this.#redis.fill(id, token, entry).catch((error: unknown) => {
      this.#keys.lift(id, mark);
      throw error;
    });
    if (this.#keys.lift(id, mark) && filled) this.near.keep(id, entry);
    return filled;
  }

  delete(ids: readonly string[]): Promise<number> {
    return this.#forgetting({ ids }, () => this.#redis.delete(ids));
  }

  draw(names: readonly string[], which: 'missing' | 'all'): Promise<Drawn> {
    if (which === 'missing') return this.#redis.draw(names, which);
    return this.#forgetting({ names }, () => this.#redis.draw(names, which));
  }

  fence(fenced: Fenced, ms: number): Promise<void> {
    return this.#forgetting(fenced, () => this.#redis.fence(fenced, ms));
  }

  lift(fenced: Fenced): Promise<void> {
    return this.#forgetting(fenced, () => this.#redis.lift(fenced));
  }

  async sweep(selection: Selection): Promise<number> {
    this.#forgetSelection(selection);
    return this.#redis.sweep(selection).finally(() => {
      this.#forgetSelection(selection);
      this.#tellOthers?.('everything');
    });
  }

  forget({ selections = [], ...heard }: Invalidation): void {
    this.#forget(heard);
    for (const selection of selections) this.#forgetSelection(selection);
  }

  increment(id: string, by: number, ttlMs: number | undefined): Promise<number> {
    return this.#forgetting({ ids: [id] }, () => this.#redis.increment(id, by, ttlMs));
  }

  usage(): Promise<{ keys: number; memory: number }> {
    return this.#redis.usage();
  }

  /** Reads from Redis and keeps what comes, unless news of it came before. */
  async #readAndKeep(query: ReadQuery): Promise<Reading> {
    const { id, names } = query;
    const mark = this.#keys.place(id);
    // What is told by the processes may miss a generation; then the one that was read is the better one.
    const unheld = this.audible ? names.filter((name) => !this.near.holdsGeneration(name)) : names;
    const marks = unheld.map((name) => this.#generations.place(name));
    const lift = (keep: (name: string) => void): boolean => {
      unheld.forEach((name, i) => {
        const stands = marks[i];
        if (stands !== undefined && this.#generations.lift(name, stands)) keep(name);
      });
      return this.#keys.lift(id, mark);
    };
    let reading: Reading;
    try {
      reading = await this.#redis.read(query);
    } catch (error) {
      lift(() => undefined);
      throw error;
    }
    const { found, generations } = reading;
    const stands = lift((name) => {
      const generation = generations[names.indexOf(name)];
      if (generation !== undefined) this.near.keepGeneration(name, generation);
    });
    if (stands && found.kind === 'entry' && found.entry.condition === 'readable') this.near.keep(id, found.entry);
    return reading;
  }

  /** Forgets before the command leaves, and when its reply or its failure is there (protocol rule 8). */
  #forgetting<T>(heard: Heard, command: () => Promise<T>): Promise<T> {
    this.#forget(heard);
    return command().finally(() => {
      this.#forget(heard);
      this.#tellOthers?.(heard);
    });
  }

  #forget({ ids = [], names = [] }: Heard): void {
    for (const id of ids) {
      this.near.forget(id);
      this.#keys.break(id);
      this.#watches.wake(id);
    }
    for (const name of names) {
      this.near.forgetGeneration(name);
      this.#generations.break(name);
    }
  }

  #forgetSelection(selection: Selection): void {
    this.near.forgetSelection(selection);
    this.#keys.breakAll(); // some of them may be of the selection
  }

  #forgetAll(): void {
    this.near.clear();
    this.#keys.breakAll();
    this.#generations.breakAll();
    this.#watches.wakeAll();
    this.#tell('everything');
  }

  #tell(heard: Heard | 'everything'): void {
    for (const listener of this.#listeners) listener(heard);
  }
}
