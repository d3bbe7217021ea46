import { type Clock, OptionCheck } from '@mobius1/kernel';
import type { FailureKind } from '../core/failure.js';
import type { Scopes } from '../core/scope.js';

/** As Prisma names them. */
export type Isolation = 'ReadUncommitted' | 'ReadCommitted' | 'RepeatableRead' | 'Serializable';

/** What is needed of a Prisma client; `Client` is what it hands to the body of a transaction. */
export interface TransactionalClient<Client> {
  /** Runs `body` in a transaction; times in milliseconds. */
  $transaction<T>(
    body: (client: Client) => Promise<T>,
    options?: { isolationLevel?: Isolation; timeout?: number; maxWait?: number },
  ): Promise<T>;
}

/** What is needed of the client inside a transaction. */
export interface StatementClient {
  /** Runs one statement, for savepoints and settings: never with anything of a caller in it. */
  $executeRawUnsafe(sql: string): Promise<unknown>;
}

/** How one transaction is run. */
export interface TransactionOptions {
  /** @default what the database is set to, usually `ReadCommitted` */
  readonly isolation?: Isolation;
  /** Milliseconds for all attempts together; also the server's own limit for each statement, unless that is set to less. @default 10_000 */
  readonly deadline?: number;
  /** `false`: the first failure is the last. @default true */
  readonly retry?: boolean;
}

/** What is the same for all transactions. */
export interface TransactionsOptions {
  /**
   * The database whose pool the client uses. With it, a query that leaves its transaction by mistake fails with
   * OuterClientError, and whoever asks the database's `unitOfWork` knows of the transactions; without it, one more statement
   * before each COMMIT finds out whether there is still something to commit. @default none
   */
  readonly database?: { readonly scopes: Scopes };
  /** Told of what a hook threw: the transaction it belonged to has long been decided. @default a warning of the process */
  readonly onHookError?: (error: unknown) => void;
  /** Told before each further attempt. */
  readonly onRetry?: (event: { attempt: number; kind: FailureKind; delayMs: number }) => void;
  /** Where time and jitter come from, for tests. @default the real ones */
  readonly clock?: Clock;
}

export const TRANSACTION_DEFAULTS = Object.freeze({ deadline: 10_000 });

/** @throws InvalidOptionsError */
export function checkTransactionOptions(
  { deadline, isolation, retry, ...rest }: TransactionOptions,
  scope = 'transaction',
): void {
  const options = new OptionCheck(scope);
  options.unknownKeys('', rest, []);
  options.integerBetween('deadline', deadline, 1, 24 * 3_600_000);
  options.oneOf('isolation', isolation, ['ReadUncommitted', 'ReadCommitted', 'RepeatableRead', 'Serializable']);
  options.boolean('retry', retry);
  options.throwIfAny();
}

/** @throws InvalidOptionsError */
export function checkTransactionsOptions({ onHookError, onRetry, ...rest }: TransactionsOptions): void {
  const options = new OptionCheck('Transactions');
  options.unknownKeys('', rest, ['database', 'clock']);
  options.function('onHookError', onHookError);
  options.function('onRetry', onRetry);
  options.throwIfAny();
}
