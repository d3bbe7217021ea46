import { type Clock, exponentialBackoff, type Timer, withDeadline } from '@mobius1/kernel';
import { Backlog, carryOut } from './backlog.js';
import type { Entry, HeldEntry } from './entry.js';
import { StoreUnavailableError } from './errors.js';
import type {
  Acquisition,
  Drawn,
  Fenced,
  Invalidation,
  Listener,
  Reading,
  ReadQuery,
  Selection,
  Store,
} from './store.js';
import type { Token } from './token.js';
import type { Watch } from './watch.js';

export interface RememberingHooks {
  /** An operation failed because the store cannot be used now. */
  readonly failed?: (error: StoreUnavailableError) => void;
  /** All remembered invalidations were told. */
  readonly replayed?: (count: number) => void;
}

interface Replay {
  readonly end: Promise<void>;
  /** When it began, on the monotonic clock. */
  readonly since: number;
}

// How soon the store is told again what it could not be told: soon at first, every two seconds at last.
const tellAgain = exponentialBackoff({ base: 100, cap: 2_000, factor: 2, jitter: 'equal' });

// A full list of keys and tags takes about half of it. Patterns may take minutes: nobody waits for their walks (G10).
const REPLAY_PATIENCE_MS = 500;

/**
 * A store that never loses an invalidation (G11): what cannot be told now is remembered, and told before this process
 * next reads, acquires, fills or invalidates anything, and in any case as soon as the store answers again: other
 * processes must not serve what was invalidated until this one happens to be asked for something. While that fails, or
 * takes long, the store counts as unavailable, even if it would answer: an answer from before the invalidation is worth nothing.
 */
export class RememberingStore implements Store {
  readonly #store: Store;
  readonly #hooks: RememberingHooks;
  readonly #clock: Clock;
  readonly #backlog = new Backlog();
  #replaying: Replay | undefined;
  /** Attempts in a row to tell what is remembered, without anybody asking for it. */
  #attempts = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(store: Store, clock: Clock, hooks: RememberingHooks = {}) {
    this.#store = store;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  get kind(): Store['kind'] {
    return this.#store.kind;
  }

  get audible(): boolean {
    return this.#store.audible;
  }

  get coherence(): Store['coherence'] {
    return this.#store.coherence;
  }

  /** Invalidations the store has not been told yet. */
  get remembered(): number {
    return this.#backlog.size;
  }

  listen(listener: Listener): void {
    this.#store.listen(listener);
  }

  watch(id: string): Watch {
    return this.#store.watch(id);
  }

  now(): number {
    return this.#store.now();
  }

  peek(id: string): HeldEntry | undefined {
    return this.#store.peek(id);
  }

  read(query: ReadQuery): Promise<Reading> {
    return this.#settled(() => this.#store.read(query));
  }

  acquire(id: string, acquisition: Acquisition): Promise<boolean> {
    return this.#settled(() => this.#store.acquire(id, acquisition));
  }

  force(id: string, token: Token, leaseMs: number): Promise<boolean> {
    return this.#settled(() => this.#store.force(id, token, leaseMs));
  }

  renew(id: string, token: Token, leaseMs: number): Promise<boolean> {
    return this.#settled(() => this.#store.renew(id, token, leaseMs));
  }

  release(id: string, token: Token): Promise<boolean> {
    return this.#settled(() => this.#store.release(id, token));
  }

  fail(id: string, token: Token): Promise<boolean> {
    return this.#settled(() => this.#store.fail(id, token));
  }

  fill(id: string, token: Token, entry: Entry): Promise<boolean> {
    return this.#settled(() => this.#store.fill(id, token, entry));
  }

  delete(ids: readonly string[]): Promise<number> {
    return this.#settled(() => this.#store.delete(ids));
  }

  draw(names: readonly string[], which: 'missing' | 'all'): Promise<Drawn> {
    return this.#settled(() => this.#store.draw(names, which));
  }

  sweep(selection: Selection): Promise<number> {
    return this.#settled(() => this.#store.sweep(selection));
  }

  fence(fenced: Fenced, ms: number): Promise<void> {
    return this.#settled(() => this.#store.fence(fenced, ms));
  }

  /** A lift that is not answered is not repeated: it would count twice. The fence ends by itself, and the invalidation is remembered. */
  async lift(fenced: Fenced): Promise<void> {
    try {
      await this.#settled(() => this.#store.lift(fenced));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#remember(fenced);
    }
  }

  forget(invalidation: Invalidation): void {
    this.#store.forget(invalidation);
  }

  increment(id: string, by: number, ttlMs: number | undefined): Promise<number> {
    return this.#settled(() => this.#store.increment(id, by, ttlMs));
  }

  usage(): Promise<{ keys: number; memory: number }> {
    return this.#settled(() => this.#store.usage());
  }

  /** Invalidates now or remembers it. Never fails because of the store. */
  async invalidate(invalidation: Invalidation): Promise<{ removed: number; remembered: boolean }> {
    try {
      return { removed: await this.#settled(() => carryOut(this.#store, invalidation)), remembered: false };
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#remember(invalidation);
      return { removed: 0, remembered: true };
    }
  }

  #remember(invalidation: Invalidation): void {
    this.#backlog.add(invalidation);
    this.#store.forget(invalidation); // perhaps the store was not even asked, because of what it could not be told before
    this.#tellLater();
  }

  /** Tells the store what is remembered, if anything; rejects while it cannot be told. */
  replay(): Promise<void> {
    return this.#owing ? this.#running().end : Promise.resolve();
  }

  /** Tells what is remembered, if that takes no longer than `ms`, and then nothing by itself any more. */
  async close(ms: number): Promise<void> {
    try {
      await withDeadline(this.replay(), ms, () => this.#stillTelling(), this.#clock);
    } finally {
      this.#stopped = true;
      this.#timer?.cancel();
    }
  }

  /** Something is remembered, or the last of it is on its way. */
  get #owing(): boolean {
    return this.#backlog.size > 0 || this.#replaying !== undefined;
  }

  #running(): Replay {
    return (this.#replaying ??= { end: this.#tell(), since: this.#clock.monotonic() });
  }

  async #tell(): Promise<void> {
    try {
      const count = await this.#backlog.replay(this.#store);
      this.#hooks.replayed?.(count);
    } finally {
      this.#replaying = undefined;
    }
  }

  #tellLater(): void {
    if (this.#timer !== undefined || this.#stopped) return;
    const ms = tellAgain(++this.#attempts, this.#clock.random());
    this.#timer = this.#clock.schedule(() => {
      this.#timer = undefined;
      this.replay().then(
        () => (this.#attempts = 0),
        () => this.#tellLater(),
      );
    }, ms);
  }

  #settled<T>(operation: () => Promise<T>): Promise<T> {
    const answer = this.#owing ? this.#afterReplay(operation) : operation();
    answer.then(undefined, this.#report);
    return answer;
  }

  async #afterReplay<T>(operation: () => Promise<T>): Promise<T> {
    // More than once, because an invalidation may have failed just when the replay was done.
    while (this.#owing) {
      const { end, since } = this.#running();
      const left = since + REPLAY_PATIENCE_MS - this.#clock.monotonic();
      await withDeadline(end, Math.max(0, left), () => this.#stillTelling(), this.#clock);
    }
    return operation();
  }

  #stillTelling(): StoreUnavailableError {
    return new StoreUnavailableError('The store', `it is being told ${this.remembered} invalidations that it missed`);
  }

  readonly #report = (error: unknown): void => {
    if (error instanceof StoreUnavailableError) this.#hooks.failed?.(error);
  };
}
