import type { Clock, Timer } from '@mobius1/kernel';
import type { Store } from './store.js';
import type { Token } from './token.js';

/**
 * The lease of a load in progress (protocol rule 14): it ends by itself, so that a holder who dies blocks nobody for
 * long, and is renewed while the load goes on. Losing it (an invalidation came) is no error: the fill will be refused.
 */
export class Lease {
  readonly token: Token;
  readonly #id: string;
  readonly #store: Store;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #ended = false;

  constructor(store: Store, id: string, token: Token, { leaseMs, clock }: { leaseMs: number; clock: Clock }) {
    this.token = token;
    this.#store = store;
    this.#id = id;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#schedule();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** No more renewals. */
  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  /**
   * Gives the lease back without a value, so that the next caller need not wait, and those who wait wait for no second
   * load; true when it still stood.
   */
  async fail(): Promise<boolean> {
    this.end();
    return this.#store.fail(this.#id, this.token).catch(() => false);
  }

  /** Gives the lease back because what is loaded will not be stored. Never waits. */
  giveBack(): void {
    this.end();
    this.#store.release(this.#id, this.token).catch(() => undefined); // it ends by itself
  }

  #schedule(): void {
    if (this.#ended) return;
    // A third of its time: two renewals may be lost before the lease is.
    this.#timer = this.#clock.schedule(() => void this.#renew(), this.#leaseMs / 3);
  }

  async #renew(): Promise<void> {
    const stands = await this.#store.renew(this.#id, this.token, this.#leaseMs).catch(() => true);
    if (stands) this.#schedule();
  }
}
