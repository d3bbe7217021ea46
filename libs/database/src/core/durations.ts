import { createHistogram } from 'node:perf_hooks';

/** How long something took, over many times; in milliseconds. */
export interface DurationSummary {
  /** How many times. */
  readonly count: number;
  /** Milliseconds, on average. */
  readonly mean: number;
  /** Half of them took no longer. */
  readonly p50: number;
  /** 95 of 100 took no longer. */
  readonly p95: number;
  /** 99 of 100 took no longer. */
  readonly p99: number;
  /** The longest. */
  readonly max: number;
}

// An hour in microseconds: what takes longer counts as an hour. Two digits keep a histogram at a few kilobytes.
const LONGEST_US = 3_600_000_000;
const DIGITS = 2;

/** A histogram of durations with an error of at most 1 %, in bounded memory (HdrHistogram, in Node.js). */
export class Durations {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: DIGITS });

  record(ms: number): void {
    this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1_000))));
  }

  get summary(): DurationSummary {
    const { count, mean, max } = this.#histogram;
    if (count === 0) return { count: 0, mean: 0, p50: 0, p95: 0, p99: 0, max: 0 };
    const at = (percentile: number): number => rounded(this.#histogram.percentile(percentile));
    return { count, mean: rounded(mean), p50: at(50), p95: at(95), p99: at(99), max: rounded(max) };
  }
}

/** Microseconds as milliseconds with two decimals. */
const rounded = (us: number): number => Math.round(us / 10) / 100;
