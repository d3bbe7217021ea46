import { type Duration, durationMs } from './duration.js';
import { OptionCheck } from './option-check.js';

const TRUE = ['true', '1', 'yes', 'on'];
const FALSE = ['false', '0', 'no', 'off'];

/**
 * Reads variables of the environment, and collects every problem, so that all of them are reported at once. An empty
 * variable counts as not set: it is what `NAME= npm start` leaves.
 *
 * @example
 * const check = new EnvironmentCheck((name) => process.env[name]);
 * const port = check.integer('PORT', 0, 65_535) ?? 3000;
 * check.throwIfAny();
 */
export class EnvironmentCheck {
  readonly #source: (name: string) => unknown;
  readonly #check = new OptionCheck('environment');

  /** @param source the text of a variable; a validated configuration may have made a number or a boolean of it. */
  constructor(source: (name: string) => unknown) {
    this.#source = source;
  }

  /** The text of a variable without blanks around it; `undefined` when there is none. */
  text(name: string): string | undefined {
    const value = this.#source(name);
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return typeof value === 'string' ? value.trim() || undefined : undefined;
  }

  /** Text of at most `max` characters. */
  string(name: string, max: number): string | undefined {
    return this.#check.string(name, this.text(name), { max });
  }

  /** Text that `usable` accepts; `expected` completes "expected …". */
  matching(name: string, usable: (text: string) => boolean, expected: string): string | undefined {
    const text = this.text(name);
    if (text !== undefined && !usable(text)) this.#check.problem(name, expected, text);
    return text;
  }

  /** `true`, `1`, `yes`, `on`, or their opposites, in any case. */
  boolean(name: string): boolean | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const lower = text.toLowerCase();
    if (!TRUE.includes(lower) && !FALSE.includes(lower)) this.#check.problem(name, 'true or false', text);
    return TRUE.includes(lower);
  }

  /** A whole number from `min` to `max`, both included. */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    this.#check.problem(name, `an integer from ${min} to ${max}`, text);
    return undefined;
  }

  /** A positive duration: a bare number is seconds, and stays one. */
  duration(name: string): Duration | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const duration = /^[\d.]+$/.test(text) ? Number(text) : (text as Duration);
    if (durationMs(duration, 's') !== undefined) return duration;
    this.#check.problem(name, "a number of seconds above 0, or a string like '5m'", text);
    return undefined;
  }

  /** Records a problem that only the caller can see; `hint` says what to do. */
  problem(name: string, expected: string, hint?: string): void {
    this.#check.problem(name, expected, this.text(name), hint);
  }

  /** Ends the check. @throws InvalidOptionsError listing everything recorded so far. */
  throwIfAny(): void {
    this.#check.throwIfAny();
  }
}
