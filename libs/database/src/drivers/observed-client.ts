import pg from 'pg';
import { TransactionAbortedError } from '../core/errors.js';

/** One statement that a connection has run. */
export interface Execution {
  readonly text: string;
  readonly values: unknown;
  /** From sending it to its answer. */
  readonly ms: number;
  readonly failed: boolean;
}

export interface ObservedClientConfig extends pg.ClientConfig {
  readonly executed?: (execution: Execution) => void;
}

type Query = (...args: unknown[]) => unknown;
type Answered = (error: Error | undefined, ...rest: unknown[]) => void;

/**
 * The connection of `pg`, which tells how long its statements run: also those inside of transactions, whoever holds it. The wait
 * for a connection is not in it. Cursors and streams are not told: they run as fast as they are read.
 *
 * A COMMIT that PostgreSQL has answered with ROLLBACK fails here: after a statement that failed, that is all that COMMIT does, and
 * neither `pg` nor Prisma says so.
 */
export class ObservedClient extends pg.Client {
  constructor(config: ObservedClientConfig = {}) {
    super(config);
    const { executed } = config;
    if (executed === undefined) return;
    // An own property: the type of the method has a dozen overloads.
    Object.defineProperty(this, 'query', { value: observed(super.query.bind(this) as Query, executed) });
  }
}

function observed(query: Query, executed: (execution: Execution) => void): Query {
  return (...args) => {
    const [first, second] = args;
    const text = textOf(first);
    if (text === undefined) return query(...args);
    const start = performance.now();
    const values = Array.isArray(second) ? second : (first as { values?: unknown }).values;
    const done = (failed: boolean): void => executed({ text, values, ms: performance.now() - start, failed });
    const callback = args.at(-1);
    if (typeof callback === 'function') {
      const answered: Answered = (error, ...rest) => {
        done(Boolean(error));
        (callback as Answered)(error, ...rest);
      };
      return query(...args.slice(0, -1), answered);
    }
    const answer = query(...args) as Promise<unknown>;
    answer.then(
      () => done(false),
      () => done(true),
    );
    return COMMIT.test(text) ? answer.then(committed) : answer;
  };
}

const COMMIT = /^\s*(commit|end)\b/i;

/** @throws TransactionAbortedError */
function committed(result: unknown): unknown {
  if ((result as { command?: unknown }).command === 'ROLLBACK') throw new TransactionAbortedError();
  return result;
}

/** The text of a statement; `undefined` for a cursor or a stream. */
function textOf(query: unknown): string | undefined {
  if (typeof query === 'string') return query;
  const { text, submit } = (query ?? {}) as { text?: unknown; submit?: unknown };
  return typeof text === 'string' && typeof submit !== 'function' ? text : undefined;
}
