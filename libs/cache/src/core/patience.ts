import { type Clock, withDeadline } from '@mobius1/kernel';
import type { HeldEntry } from './entry.js';
import { LoadTimeoutError } from './errors.js';
import { servesErrors } from './freshness.js';
import type { CacheRequest } from './request.js';
import type { Store } from './store.js';

interface StaleAnswer {
  readonly value: unknown;
  readonly outcome: 'stale';
}

/**
 * How long one caller waits for loads, and what answers for a load that is slow or fails: `softTimeout`, `hardTimeout` and
 * `staleIfError` of its call. Who waits more than once, for a load whose value is of no use and then for another,
 * has one time for all of them. The loads themselves go on.
 */
export class Patience {
  readonly #request: CacheRequest;
  readonly #store: Pick<Store, 'now'>;
  readonly #clock: Clock;
  /** When the first wait began. */
  #since: number | undefined;

  constructor(request: CacheRequest, { store, clock }: { store: Pick<Store, 'now'>; clock: Clock }) {
    this.#request = request;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Settles like `load` when that is in time. `fallback` answers for it otherwise, as long as it is not too old.
   *
   * @throws LoadTimeoutError, and what `load` throws
   */
  wait<T>(load: Promise<T>, fallback: HeldEntry | undefined): Promise<T | StaleAnswer> {
    if (fallback === undefined && this.#request.plan.hardTimeout === Infinity) return load;
    return this.#waitInTime(load, fallback);
  }

  async #waitInTime<T>(load: Promise<T>, fallback: HeldEntry | undefined): Promise<T | StaleAnswer> {
    const { softTimeout, hardTimeout, staleIf } = this.#request.plan;
    const first = this.#allows(fallback) ? Math.min(softTimeout, hardTimeout) : hardTimeout;
    let slow: LoadTimeoutError | undefined;
    const within = (limit: number): Promise<T> =>
      this.#within(load, limit, () => (slow = new LoadTimeoutError(this.#request.key, limit)));
    try {
      return await within(first);
    } catch (error) {
      if ((error === slow || staleIf(error)) && this.#allows(fallback))
        return { value: fallback.value(), outcome: 'stale' };
      if (error !== slow || first === hardTimeout) throw error;
      // The stale value has run out while it was waited for: `softTimeout` alone fails nobody.
      return within(hardTimeout);
    }
  }

  #within<T>(load: Promise<T>, limit: number, onTimeout: () => Error): Promise<T> {
    if (limit === Infinity) return load;
    const now = this.#clock.monotonic();
    const waited = now - (this.#since ??= now);
    return withDeadline(load, Math.max(0, limit - waited), onTimeout, this.#clock);
  }

  /** Whether the stale value is there, and not too old yet. */
  #allows(fallback: HeldEntry | undefined): fallback is HeldEntry {
    return fallback !== undefined && servesErrors(fallback, this.#store.now(), this.#request.plan.staleIfErrorMs);
  }
}
