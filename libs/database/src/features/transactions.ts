import { type Clock, Deadline, OptionCheck, systemClock, type UnitOfWork } from '@mobius1/kernel';
import { AmbiguousCommitError, TransactionDeadlineError } from '../core/errors.js';
import { classifyFailure, type FailureKind } from '../core/failure.js';
import { decide, RetryPaces } from '../core/retry-policy.js';
import { type CommitEffect, type Effect, Scope, Scopes } from '../core/scope.js';

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
  /** Milliseconds for all attempts together; also the server's own limit for each statement. @default 10_000 */
  readonly deadline?: number;
  /** `false`: the first failure is the last. @default true */
  readonly retry?: boolean;
}

/** What is the same for all transactions. */
export interface TransactionsOptions {
  /**
   * The database whose pool the client uses. With it, a query that leaves its transaction by mistake fails with
   * OuterClientError, and whoever asks the database's `unitOfWork` knows of the transactions. @default none
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

// Times are rounded up on their way to the server.
const CLOSE_MS = 10;

interface Attempt {
  scope: Scope;
  /** The body has succeeded: what fails now is COMMIT. */
  committing: boolean;
}

/**
 * Transactions that can be called from each other, are repeated when that is safe (G17), and say when they are over.
 *
 * The client of the running transaction is found by the code that is called from it (`client`), through any number of
 * `await`s. A transaction inside another one is a savepoint: it can fail alone. Only the outermost is repeated, from its
 * beginning, with hooks of its own for each attempt: what a failed attempt wanted to do after its commit is not done.
 *
 * @example
 * const transactions = new Transactions(prisma);
 * await transactions.run(async (tx) => {
 *   await tx.document.create({ data });
 *   transactions.afterCommit(() => events.emit('created'));
 * });
 */
export class Transactions<Client extends StatementClient> implements UnitOfWork {
  readonly #outer: TransactionalClient<Client> & Client;
  readonly #scopes: Scopes;
  readonly #paces = new RetryPaces();
  readonly #clock: Clock;
  readonly #onHookError: (error: unknown) => void;
  readonly #onRetry: NonNullable<TransactionsOptions['onRetry']>;

  constructor(client: TransactionalClient<Client> & Client, options: TransactionsOptions = {}) {
    this.#outer = client;
    this.#scopes = options.database?.scopes ?? new Scopes();
    this.#clock = options.clock ?? systemClock;
    this.#onHookError = options.onHookError ?? warn;
    this.#onRetry = options.onRetry ?? (() => undefined);
  }

  /** The client of the running transaction, or the one outside of all. @throws TransactionEndedError */
  get client(): Client {
    const scope = this.#scopes.living;
    return scope === undefined ? this.#outer : (scope.client as Client);
  }

  /** Whether a transaction is running here. */
  get active(): boolean {
    return this.#scopes.active;
  }

  /**
   * Runs `body` in a transaction; inside another one, up to a savepoint of its own.
   *
   * @throws what `body` throws; AmbiguousCommitError, TransactionDeadlineError, TransactionEndedError, InvalidOptionsError
   */
  run<T>(body: (client: Client) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    checkTransactionOptions(options);
    const scope = this.#scopes.living;
    return scope === undefined ? this.#outermost(body, options) : scope.inTurn(() => this.#part(scope, body));
  }

  /**
   * Does `effect` after the commit of the running transaction, and never when it is rolled back; at once when there is none.
   * What it throws is reported and changes nothing. Invalidations of a cache are done as well when nobody knows whether the
   * COMMIT was carried out: too much is invalidated then, never too little.
   */
  afterCommit(effect: CommitEffect): void | Promise<void> {
    return this.#scopes.afterCommit(effect);
  }

  /** Like `afterCommit`, but only when the commit is certain: for what must not be told of something that did not happen. */
  afterCertainCommit(effect: CommitEffect): void | Promise<void> {
    return this.#scopes.afterCertainCommit(effect);
  }

  /** Does `effect` just before COMMIT is sent, at most `ms` before; when it rejects, the transaction is rolled back. */
  beforeCommit(effect: (ms: number) => Promise<void>): void {
    this.#scopes.beforeCommit(effect);
  }

  /** Does `effect` when the running transaction, or the part of it that this is, is rolled back. */
  afterRollback(effect: Effect): void {
    this.#scopes.afterRollback(effect);
  }

  /** Runs what is not to be part of the running transaction: an entry of an audit log that must stay, for example. */
  outside<T>(run: () => PromiseLike<T>): Promise<T> {
    return this.#scopes.within(undefined, run);
  }

  async #outermost<T>(body: (client: Client) => Promise<T>, options: TransactionOptions): Promise<T> {
    const ms = options.deadline ?? TRANSACTION_DEFAULTS.deadline;
    const deadline = Deadline.after(ms, this.#clock);
    for (let attempt = 1; ; attempt++) {
      const state: Partial<Attempt> = {};
      try {
        const result = await this.#attempt(body, options, deadline, state);
        await this.#finish(state.scope?.end('committed'));
        return result;
      } catch (error) {
        const failure = classifyFailure(error);
        const operation = state.committing ? 'commit' : 'transaction';
        const verdict = decide(failure, operation);
        await this.#finish(state.scope?.end(verdict === 'ambiguous' ? 'unclear' : 'rolled-back'));
        if (verdict === 'ambiguous') throw new AmbiguousCommitError(error);
        const { kind } = failure;
        const left = { ms: deadline.remaining(), random: this.#clock.random() };
        const delayMs = options.retry === false ? undefined : this.#paces.delay(failure, operation, attempt, left);
        if (delayMs === undefined) {
          // Server and client measure the same time; whoever is first says it in his own words.
          const late = (kind === 'expired' || kind === 'cancelled') && deadline.remaining() < CLOSE_MS;
          throw late ? new TransactionDeadlineError(ms, { cause: error }) : error;
        }
        this.#onRetry({ attempt, kind, delayMs });
        await this.#clock.sleep(delayMs);
      }
    }
  }

  #attempt<T>(
    body: (client: Client) => Promise<T>,
    { isolation }: TransactionOptions,
    deadline: Deadline,
    state: Partial<Attempt>,
  ): Promise<T> {
    const left = Math.max(1, Math.ceil(deadline.remaining()));
    const settings = {
      timeout: left,
      maxWait: left,
      ...(isolation === undefined ? {} : { isolationLevel: isolation }),
    };
    return this.#outer.$transaction(async (client) => {
      const scope = (state.scope = new Scope(client));
      // Prisma's time-out only stops waiting; these stop the server. The second one also ends the transaction of a process that
      // is frozen: it cannot COMMIT when it wakes up.
      const ms = Math.max(1, Math.ceil(deadline.remaining()));
      await client.$executeRawUnsafe(
        `SELECT set_config('statement_timeout', '${ms}', true), set_config('idle_in_transaction_session_timeout', '${ms}', true)`,
      );
      const result = await this.#scopes.within(scope, () => body(client));
      await scope.prepare(left);
      state.committing = true;
      return result;
    }, settings);
  }

  async #part<T>(parent: Scope, body: (client: Client) => Promise<T>): Promise<T> {
    const client = parent.client as Client;
    const scope = new Scope(client, parent);
    const name = `mobius_${scope.depth}`;
    await client.$executeRawUnsafe(`SAVEPOINT ${name}`);
    try {
      const result = await this.#scopes.within(scope, () => body(client));
      await client.$executeRawUnsafe(`RELEASE SAVEPOINT ${name}`);
      scope.join();
      return result;
    } catch (error) {
      const effects = scope.end('rolled-back');
      await client.$executeRawUnsafe(`ROLLBACK TO SAVEPOINT ${name}`).catch(() => undefined); // the whole fails then
      await this.#finish(effects);
      throw error;
    }
  }

  /** Effects run outside of the transaction that they waited for. Never rejects. */
  async #finish(effects: readonly Effect[] = []): Promise<void> {
    await this.#scopes.within(undefined, () =>
      Promise.all(
        effects.map(async (effect) => {
          try {
            await effect();
          } catch (error) {
            this.#onHookError(error);
          }
        }),
      ),
    );
  }
}

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

function warn(error: unknown): void {
  process.emitWarning('Something that was to be done after a transaction failed; the transaction stands.', {
    type: 'TransactionHookWarning',
    detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
}
