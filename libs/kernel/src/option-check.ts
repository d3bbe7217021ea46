import { durationMs } from './duration.js';
import { InvalidOptionsError, type OptionProblem } from './option-errors.js';
import { closestWord } from './spelling.js';

type Callable = (...args: never[]) => unknown;

/** The functions among `F`; any function when nothing is known of `F`. */
type FunctionOf<F> = unknown extends F ? Callable : Extract<F, Callable>;

/**
 * Collects every problem of an options object, so that all of them are reported at once.
 *
 * Each checker takes the path of an option and its value. It returns the value, typed, when it is usable; `undefined`
 * when it is absent; and `undefined` after recording a problem otherwise.
 *
 * @example
 * const check = new OptionCheck('CacheModule.forRoot');
 * const ttl = check.durationMs('ttl', options.ttl, 's') ?? DEFAULTS.ttl;
 * check.throwIfAny();
 */
export class OptionCheck {
  readonly #scope: string;
  readonly #problems: OptionProblem[] = [];

  /** @param scope whose options they are; the first words of the error. */
  constructor(scope: string) {
    this.#scope = scope;
  }

  /** Records a problem: `expected` completes "expected …", `hint` says what to do. */
  problem(path: string, expected: string, given: unknown, hint?: string): void {
    this.#problems.push(hint === undefined ? { path, expected, given } : { path, expected, given, hint });
  }

  /** Records a problem when the option is absent; `expected` completes "expected …". */
  required(path: string, value: unknown, expected: string): void {
    if (value === undefined) this.problem(path, expected, value, 'this option is required');
  }

  /** A whole number of at least 1. */
  positiveInteger(path: string, value: unknown): number | undefined {
    const usable = Number.isSafeInteger(value) && (value as number) >= 1;
    return this.#accept<number>(path, value, usable, 'a positive whole number');
  }

  /** A whole number from `min` to `max`, both included. */
  integerBetween(path: string, value: unknown, min: number, max: number): number | undefined {
    const usable = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
    return this.#accept<number>(path, value, usable, `a whole number from ${min} to ${max}`);
  }

  /** A positive duration, returned in milliseconds; `unit` is the unit of a bare number. */
  durationMs(path: string, value: unknown, unit: 's' | 'ms'): number | undefined {
    if (value === undefined) return undefined;
    const ms = durationMs(value, unit);
    if (ms === undefined) {
      const unitName = unit === 's' ? 'seconds' : 'milliseconds';
      this.problem(path, `a positive number of ${unitName} or a string like '5m'`, value);
    }
    return ms;
  }

  /** `true` or `false`; nothing merely truthy. */
  boolean(path: string, value: unknown): boolean | undefined {
    return this.#accept<boolean>(path, value, typeof value === 'boolean', 'true or false');
  }

  /**
   * A string.
   *
   * @param limits `max`: most characters, @default no limit; `empty`: whether `''` is allowed, @default false
   */
  string(path: string, value: unknown, limits: { max?: number; empty?: boolean } = {}): string | undefined {
    const { max = Infinity, empty = false } = limits;
    const usable = typeof value === 'string' && value.length <= max && (empty || value.length > 0);
    const kind = empty ? 'a string' : 'a non-empty string';
    return this.#accept<string>(path, value, usable, max === Infinity ? kind : `${kind} of at most ${max} characters`);
  }

  /** One of the `allowed` values. */
  oneOf<T extends string | number | boolean>(path: string, value: unknown, allowed: readonly T[]): T | undefined {
    const names = allowed.map((choice) => (typeof choice === 'string' ? `'${choice}'` : String(choice)));
    return this.#accept<T>(path, value, allowed.includes(value as T), `one of ${names.join(', ')}`);
  }

  /** A function, returned with the type it was given with. */
  function<F>(path: string, value: F): FunctionOf<F> | undefined {
    return this.#accept<FunctionOf<F>>(path, value, typeof value === 'function', 'a function');
  }

  /** An object whose own keys are all `known`; `path` is `''` for the outermost object. Values are never shown. */
  unknownKeys(path: string, object: unknown, known: readonly string[]): void {
    if (object === undefined) return;
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      this.problem(path || 'options', 'an object', object);
      return;
    }
    for (const key of Object.keys(object)) {
      if (known.includes(key)) continue;
      const meant = closestWord(key, known);
      const hint = meant === undefined ? `known options: ${known.join(', ')}` : `did you mean '${meant}'?`;
      // The name stands for the value: behind a misspelt 'pasword' is a password.
      this.problem(path ? `${path}.${key}` : key, 'a known option', key, hint);
    }
  }

  /** Ends the check. @throws InvalidOptionsError listing everything recorded so far. */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw new InvalidOptionsError(this.#scope, this.#problems);
  }

  #accept<T>(path: string, value: unknown, usable: boolean, expected: string): T | undefined {
    if (value === undefined) return undefined;
    if (usable) return value as T;
    this.problem(path, expected, value);
    return undefined;
  }
}
