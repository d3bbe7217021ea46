import { Backlog, carryOut, type Invalidation } from './backlog.js';
import type { Entry } from './entry.js';
import { StoreUnavailableError } from './errors.js';
import type { Acquisition, Drawn, Listener, Reading, ReadQuery, Selection, Store } from './store.js';
import type { Token } from './token.js';
import type { Watch } from './watch.js';

export interface RememberingHooks {
  /** An operation failed because the store cannot be used now. */
  readonly failed?: (error: StoreUnavailableError) => void;
  /** All remembered invalidations were told. */
  readonly replayed?: (count: number) => void;
}

/**
 * A store that never loses an invalidation (G11): what cannot be told now is remembered, and told before this process
 * next reads, acquires, fills or invalidates anything. While that fails, the store counts as unavailable, even if it
 * would answer: an answer from before the invalidation is worth nothing.
 */
export class RememberingStore implements Store {
  readonly #store: Store;
  readonly #hooks: RememberingHooks;
  readonly #backlog: Backlog;
  #replaying: Promise<void> | undefined;

  constructor(store: Store, hooks: RememberingHooks = {}, backlog = new Backlog()) {
    this.#store = store;
    this.#hooks = hooks;
    this.#backlog = backlog;
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

  peek(id: string): Entry | undefined {
    return this.#store.peek(id);
  }

  read(query: ReadQuery): Promise<Reading> {
    return this.#settled(() => this.#store.read(query));
  }

  acquire(id: string, acquisition: Acquisition): Promise<boolean> {
    return this.#settled(() => this.#store.acquire(id, acquisition));
  }

  force(id: string, token: Token, leaseMs: number): Promise<void> {
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
      this.#backlog.add(invalidation);
      return { removed: 0, remembered: true };
    }
  }

  /** Tells the store what is remembered, if anything; rejects while it cannot be told. */
  replay(): Promise<void> {
    if (this.#backlog.size === 0) return this.#replaying ?? Promise.resolve();
    this.#replaying ??= this.#backlog
      .replay(this.#store)
      .then((count) => this.#hooks.replayed?.(count))
      .finally(() => {
        this.#replaying = undefined;
      });
    return this.#replaying;
  }

  #settled<T>(operation: () => Promise<T>): Promise<T> {
    // The replay is waited for even when its list is empty already: it may still be on its way.
    const owing = this.#backlog.size > 0 || this.#replaying !== undefined;
    const answer = owing ? this.replay().then(operation) : operation();
    answer.then(undefined, this.#report);
    return answer;
  }

  readonly #report = (error: unknown): void => {
    if (error instanceof StoreUnavailableError) this.#hooks.failed?.(error);
  };
}
