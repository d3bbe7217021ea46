/**
 * A span of time: a number in the unit that the option names, or a string with its own unit such as `'500ms'`, `'1.5s'`,
 * `'5m'`, `'1h'`, `'1d'`, `'1w'`.
 */
export type Duration =
  number | `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d` | `${number}w`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

type Unit = keyof typeof UNIT_MS;

const PATTERN = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h|d|w)\s*$/;

/**
 * Reads a duration of unknown origin as whole milliseconds, at least 1 (Redis and timers know no fractions).
 *
 * @param unitOfNumber the unit of a bare number; a string must carry its own.
 * @returns `undefined` when `value` is not a positive duration that fits a safe integer: zero, negative, `NaN`,
 * `Infinity`, a string without a unit, anything else.
 * @example
 * durationMs('1.5s', 's'); // 1500
 * durationMs(60, 's'); // 60000
 */
export function durationMs(value: unknown, unitOfNumber: 's' | 'ms'): number | undefined {
  if (typeof value === 'number') return wholeMs(value, unitOfNumber);
  if (typeof value !== 'string') return undefined;
  const match = PATTERN.exec(value);
  return match ? wholeMs(Number(match[1]), match[2] as Unit) : undefined;
}

function wholeMs(amount: number, unit: Unit): number | undefined {
  if (!(amount > 0)) return undefined;
  const ms = Math.max(1, Math.round(amount * UNIT_MS[unit]));
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** Units that read well only as wholes and halves: '1.5h' says more than '90m', '1.1w' says less than '7.7d'. */
const UNITS_IN_HALVES = ['w', 'd', 'h', 'm'] as const;

/**
 * Writes milliseconds for a person: `'5m'`, `'1.5s'`, `'250ms'`.
 *
 * Whole milliseconds are exact (up to thousands of years): {@link durationMs} reads back what this wrote. Fractions keep
 * three digits.
 */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return String(ms);
  if (ms < 0) return `-${formatDuration(-ms)}`;
  for (const unit of UNITS_IN_HALVES) {
    const halves = (ms * 2) / UNIT_MS[unit];
    if (halves >= 2 && Number.isSafeInteger(halves)) return `${halves / 2}${unit}`;
  }
  const unit = ms < UNIT_MS.s ? 'ms' : 's';
  return `${Number((ms / UNIT_MS[unit]).toFixed(3))}${unit}`;
}
