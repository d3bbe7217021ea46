import { CodedError } from './coded-error.js';

/** One option that cannot be used. */
export interface OptionProblem {
  /** Where it is, as the caller would write it: `redis.url`, `models[0].ttl`. */
  readonly path: string;
  /** What would have been right, completing "expected …". */
  readonly expected: string;
  /** What was given; replaced by a remark when the option holds a secret. */
  readonly given: unknown;
  /** What to do, when there is more to say than `expected`. */
  readonly hint?: string;
}

const SECRET_NAME = /password|passphrase|secret|token|credential|api_?key|connection_?string|url/i;

/** `redis://user:password@host` in an option whose name does not give it away. */
const CREDENTIALS_IN_URL = /:\/\/[^\s/]*@/;

const NOT_SHOWN = 'a value that is not shown';

/** Long enough to recognise a value, short enough for several problems on one screen. */
const LONGEST_SHOWN_STRING = 60;

/**
 * The options given to a module, class or function cannot be used; lists every problem, not only the first.
 *
 * The message and {@link problems} never contain the value of a password, secret, token or URL.
 */
export class InvalidOptionsError extends CodedError {
  readonly code = 'INVALID_OPTIONS';
  readonly #problems: readonly OptionProblem[];

  /**
   * @param scope whose options they are, such as `CacheModule.forRoot`.
   * @param problems at least one.
   */
  constructor(scope: string, problems: readonly OptionProblem[]) {
    const count = problems.length === 1 ? '1 invalid option' : `${problems.length} invalid options`;
    super([`${scope}: ${count}`, ...problems.map((problem) => `  ${sentence(problem)}`)].join('\n'));
    this.#problems = Object.freeze(problems.map(withoutSecret));
  }

  /** What is wrong, in the order it was found. A getter: printing the error does not print whole option objects. */
  get problems(): readonly OptionProblem[] {
    return this.#problems;
  }
}

function sentence({ path, expected, given, hint }: OptionProblem): string {
  const got = isSecret(path, given) ? NOT_SHOWN : describe(given);
  return `${path}: expected ${expected}, got ${got}${hint === undefined ? '' : ` (${hint})`}`;
}

function withoutSecret(problem: OptionProblem): OptionProblem {
  return Object.freeze(isSecret(problem.path, problem.given) ? { ...problem, given: NOT_SHOWN } : { ...problem });
}

function isSecret(path: string, given: unknown): boolean {
  if (given === undefined || given === null) return false;
  const lastSegment = path.slice(path.lastIndexOf('.') + 1);
  return SECRET_NAME.test(lastSegment) || (typeof given === 'string' && CREDENTIALS_IN_URL.test(given));
}

function describe(given: unknown): string {
  switch (typeof given) {
    case 'string':
      return given.length > LONGEST_SHOWN_STRING
        ? `${JSON.stringify(given.slice(0, LONGEST_SHOWN_STRING))}…`
        : JSON.stringify(given);
    case 'function':
      return 'a function';
    case 'object':
      if (given === null) return 'null';
      return Array.isArray(given) ? 'an array' : 'an object';
    default:
      return typeof given === 'bigint' ? `${given.toString()}n` : String(given);
  }
}
