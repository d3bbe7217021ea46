import { Durations, type DurationSummary } from './durations.js';
import type { StatementEvent } from './events.js';

/** What is known of the slow runs of one shape of statement. */
export interface SlowQuery {
  /** Names the shape, in every process the same. */
  readonly fingerprint: string;
  /** With `?` for literals. */
  readonly statement: string;
  /** Slow runs. */
  readonly count: number;
  /** Among them, those that failed. */
  readonly failed: number;
  /** Milliseconds that all of them took together: what there is to gain. */
  readonly totalMs: number;
  /** Of the slow runs. */
  readonly ms: DurationSummary;
  /** When the latest slow run ended. */
  readonly lastAt: Date;
}

interface Shape {
  readonly statement: string;
  readonly durations: Durations;
  count: number;
  failed: number;
  totalMs: number;
  lastAt: number;
}

/** As many shapes as anybody reads; each takes a few kilobytes. */
const MOST_SHAPES = 100;

/** The slow statements of a process by shape, the costliest first. Bounded: the cheapest shape makes room for a new one. */
export class SlowQueries {
  readonly #shapes = new Map<string, Shape>();

  record({ fingerprint, statement, ms, failed }: StatementEvent, now: number): void {
    let shape = this.#shapes.get(fingerprint);
    if (shape === undefined) {
      if (this.#shapes.size >= MOST_SHAPES) this.#shapes.delete(this.top().at(-1)?.fingerprint ?? '');
      shape = { statement, durations: new Durations(), count: 0, failed: 0, totalMs: 0, lastAt: now };
      this.#shapes.set(fingerprint, shape);
    }
    shape.durations.record(ms);
    shape.count++;
    shape.failed += failed ? 1 : 0;
    shape.totalMs += ms;
    shape.lastAt = now;
  }

  /** The shapes that cost most in all. */
  top(count = MOST_SHAPES): SlowQuery[] {
    return [...this.#shapes]
      .sort(([, a], [, b]) => b.totalMs - a.totalMs)
      .slice(0, count)
      .map(([fingerprint, { durations, lastAt, totalMs, statement, count, failed }]) => ({
        fingerprint,
        statement,
        count,
        failed,
        totalMs: Math.round(totalMs * 100) / 100,
        ms: durations.summary,
        lastAt: new Date(lastAt),
      }));
  }
}
