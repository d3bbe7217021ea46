import { LRUCache } from 'lru-cache';
import type { Clock } from '@mobius1/kernel';
import type { Verdict } from '../../core/limits/limit-store.js';
import type { Item } from './limit-request.js';

interface Denial {
  readonly capacity: number;
  /** What costs this or more is denied. */
  readonly cost: number;
  readonly believedUntil: number;
  readonly retryAt: number;
  readonly resetAt: number;
  readonly remaining: number;
  readonly blocked: boolean;
}

/**
 * What this process knows to be denied, and until when: units do not come back earlier than the store has said, so a client that hammers a
 * limit costs the store nothing. Who knows that 10 units do not fit does not know it of 5. A settlement or `reset` in another process
 * can free units earlier; therefore a denial is believed for a bounded time only.
 */
export class DenyCache {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #denials: LRUCache<string, Denial> | undefined;

  constructor({
    clock,
    maxEntries,
    ttlMs,
  }: {
    readonly clock: Clock;
    readonly maxEntries: number;
    readonly ttlMs: number;
  }) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#denials = maxEntries === 0 ? undefined : new LRUCache({ max: maxEntries });
  }

  get size(): number {
    return this.#denials?.size ?? 0;
  }

  /** What is known to deny this; `undefined` when nothing is. */
  find(item: Item): Verdict | undefined {
    if (this.#denials === undefined || this.#denials.size === 0 || item.rule.shadow) return undefined;
    const denial = this.#denials.get(stateOf(item));
    if (denial === undefined) return undefined;
    const now = this.#clock.monotonic();
    if (denial.believedUntil <= now || denial.capacity !== item.rule.capacity) {
      this.#denials.delete(stateOf(item));
      return undefined;
    }
    if (item.cost < denial.cost) return undefined;
    const { remaining, blocked, retryAt, resetAt } = denial;
    const leftMs = (at: number): number => Math.max(0, Math.ceil(at - now));
    return { allowed: false, blocked, remaining, retryMs: leftMs(retryAt), resetMs: leftMs(resetAt) };
  }

  /** Remembers a denial of a question that was asked at `since`. */
  note(item: Item, { allowed, retryMs, resetMs, remaining, blocked }: Verdict, since: number): void {
    if (this.#denials === undefined || allowed || retryMs === undefined) return;
    if (item.settles || item.rule.shadow || item.rule.kind === 'slots') return;
    const known = this.#denials.get(stateOf(item));
    // A dearer question that was denied says nothing of cheaper ones: what is known of those stays.
    if (
      known !== undefined &&
      known.believedUntil > since &&
      known.cost < item.cost &&
      known.capacity === item.rule.capacity
    )
      return;
    this.#denials.set(stateOf(item), {
      capacity: item.rule.capacity,
      cost: blocked ? 0 : item.cost,
      believedUntil: since + Math.min(retryMs, this.#ttlMs),
      retryAt: since + retryMs,
      resetAt: since + resetMs,
      remaining,
      blocked,
    });
  }

  forget(items: readonly Item[]): void {
    for (const item of items) this.#denials?.delete(stateOf(item));
  }

  clear(): void {
    this.#denials?.clear();
  }
}

const stateOf = ({ identity, rule }: Item): string => `${rule.id}|${identity}`;
