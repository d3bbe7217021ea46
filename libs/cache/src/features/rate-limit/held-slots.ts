import type { Clock, Timer } from '@mobius1/kernel';
import type { Charge, LimitStore } from '../../core/limits/limit-store.js';
import type { RateLimitDecision, RateLimitSlot } from './limit-types.js';

interface HeldParts {
  readonly decision: RateLimitDecision;
  readonly store: LimitStore;
  readonly slots: readonly Charge[];
  readonly token: string;
  readonly clock: Clock;
  /** Told when they are given back. */
  readonly over: () => void;
}

// Two renewals may fail before a slot is lost.
const RENEWALS = 3;

/** Slots that are renewed while this process lives and holds them. */
export class HeldSlots implements RateLimitSlot {
  readonly allowed = true;
  readonly decision: RateLimitDecision;
  readonly #parts: HeldParts;
  #timer: Timer | undefined;
  #released: Promise<void> | undefined;

  constructor(parts: HeldParts) {
    this.decision = parts.decision;
    this.#parts = parts;
    this.#arm();
  }

  release(): Promise<void> {
    return (this.#released ??= this.#giveBack());
  }

  async #giveBack(): Promise<void> {
    const { store, slots, token, over } = this.#parts;
    this.#timer?.cancel();
    over();
    // Not told: the slot is free when its time is over.
    await store.release(slots, token).catch(() => undefined);
  }

  #arm(): void {
    const { slots, clock } = this.#parts;
    const every = Math.min(...slots.map(({ rule }) => rule.windowMs)) / RENEWALS;
    this.#timer = clock.schedule(() => {
      this.#parts.store.renew(slots, this.#parts.token).catch(() => undefined); // the next one may get through
      this.#arm();
    }, every);
  }
}

/** Of a decision that holds nothing. */
export const noSlots = (decision: RateLimitDecision): RateLimitSlot => ({
  allowed: decision.allowed,
  decision,
  release: () => Promise.resolve(),
});
