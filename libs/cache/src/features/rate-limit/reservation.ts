import type { Charge, LimitStore } from '../../core/limits/limit-store.js';
import { checkCost } from './limit-request.js';
import type { RateLimitDecision, Settlement, SettledAnswer, TokenReservation } from './limit-types.js';

interface ReservationParts {
  readonly decision: RateLimitDecision;
  /** That has charged; `undefined`: none has. */
  readonly store: LimitStore | undefined;
  readonly items: readonly Charge[];
  readonly token: string;
  readonly reserved: number;
  /** Told what was used in the end, once the store knows. */
  readonly learn: (actual: number) => void;
}

/** An estimate that is charged, until it is settled. */
export class Reservation implements TokenReservation {
  readonly allowed: boolean;
  readonly decision: RateLimitDecision;
  readonly reserved: number;
  readonly #parts: ReservationParts;
  #settling: Promise<Settlement> | undefined;

  constructor(parts: ReservationParts) {
    this.#parts = parts;
    this.decision = parts.decision;
    this.allowed = parts.decision.allowed;
    this.reserved = parts.reserved;
  }

  async commit(actual: number): Promise<Settlement> {
    checkCost('TokenReservation.commit', 'actual', actual);
    this.#settling ??= this.#settle(actual);
    return this.#settling;
  }

  release(): Promise<Settlement> {
    return (this.#settling ??= this.#settle(0));
  }

  settle({ hit, metadata }: SettledAnswer): Promise<Settlement> {
    if (hit !== 'none') return this.release();
    const tokens = metadata?.tokens;
    return this.commit(tokens !== undefined && tokens >= 0 ? Math.ceil(tokens) : this.reserved);
  }

  async #settle(actual: number): Promise<Settlement> {
    const { store, items, token, learn, reserved, decision } = this.#parts;
    if (!decision.allowed) return { charged: 0, settled: false };
    if (store === undefined) return { charged: 0, settled: false };
    try {
      const settled = await store.settle(items, token, actual);
      learn(actual);
      return { charged: settled ? actual : reserved, settled };
    } catch {
      // It may be tried again: the store settles a token once.
      this.#settling = undefined;
      return { charged: reserved, settled: false };
    }
  }
}
