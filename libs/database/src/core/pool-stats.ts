import { Durations, type DurationSummary } from './durations.js';

/** The connections of this process at one moment, and what came of them since the start. */
export interface PoolStats {
  /** Most connections that will be open. */
  readonly limit: number;
  /** Open connections, lent or idle, and those being made. */
  readonly size: number;
  /** Lent to somebody. */
  readonly active: number;
  /** Open, and lent to nobody. */
  readonly idle: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Times that a connection was lent. */
  readonly acquired: number;
  /** Callers that waited in vain, or were not let wait. */
  readonly timeouts: number;
  /** Connections that were opened. */
  readonly created: number;
  /** Connections that were closed, for whatever reason. */
  readonly closed: number;
  /** Connections that were lent for longer than `leakThreshold`. */
  readonly leaks: number;
  /** How long callers waited for a connection. */
  readonly waitMs: DurationSummary;
  /** How long connections were lent. */
  readonly useMs: DurationSummary;
}

/** Counts what a pool does. */
export class PoolMeter {
  readonly #waits = new Durations();
  readonly #uses = new Durations();
  acquired = 0;
  timeouts = 0;
  created = 0;
  closed = 0;
  leaks = 0;
  #active = 0;

  lent(waitMs: number): void {
    this.acquired++;
    this.#active++;
    this.#waits.record(waitMs);
  }

  returned(useMs: number): void {
    this.#active--;
    this.#uses.record(useMs);
  }

  stats(now: Pick<PoolStats, 'limit' | 'size' | 'idle' | 'waiting'>): PoolStats {
    const { acquired, timeouts, created, closed, leaks } = this;
    const active = this.#active;
    const times = { waitMs: this.#waits.summary, useMs: this.#uses.summary };
    return { ...now, active, acquired, timeouts, created, closed, leaks, ...times };
  }
}
