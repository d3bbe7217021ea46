import { type Duration, type OptionCheck } from '@mobius1/kernel';

/** How the ledger of savings is kept. */
export interface SavingsOptions {
  /** How long a day is kept after its last change. Seconds or a string. @default '400d' */
  readonly retention?: Duration;
  /** Milliseconds between two writes to the store. @default 5_000 */
  readonly flushInterval?: number;
}

export interface ResolvedSavings {
  readonly retentionMs: number;
  readonly flushInterval: number;
}

/**
 * 400 days: a year, and a month to look back at it. Five seconds: what a process that is killed takes along, for two commands
 * in that time for each workspace that is active.
 */
export const SAVINGS_DEFAULTS: ResolvedSavings = Object.freeze({ retentionMs: 400 * 86_400_000, flushInterval: 5_000 });

const SHORTEST_INTERVAL = 10;
const LONGEST_INTERVAL = 3_600_000;

/** The options over those that held before; `false` for no ledger. What is wrong with them is recorded. */
export function checkSavings(
  check: OptionCheck,
  savings: SavingsOptions | false | undefined,
  before: ResolvedSavings | false,
): ResolvedSavings | false {
  if (savings === undefined) return before;
  if (savings === false) return false;
  check.unknownKeys('savings', savings, ['retention', 'flushInterval']);
  const { retention, flushInterval } = (savings as SavingsOptions | null) ?? {};
  const base = before === false ? SAVINGS_DEFAULTS : before;
  return {
    retentionMs: check.durationMs('savings.retention', retention, 's') ?? base.retentionMs,
    flushInterval:
      check.integerBetween('savings.flushInterval', flushInterval, SHORTEST_INTERVAL, LONGEST_INTERVAL) ??
      base.flushInterval,
  };
}
