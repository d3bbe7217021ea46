import { type Clock, Deadline, systemClock, type UnitOfWork, withDeadline } from '@mobius1/kernel';
import { AmbiguousCommitError, TransactionAbortedError, TransactionDeadlineError } from '../core/errors.js';
import { classifyFailure } from '../core/failure.js';
import { decide, RetryPaces } from '../core/retry-policy.js';
import { type CommitEffect, type Effect, Scope, Scopes } from '../core/scope.js';
import {
  checkTransactionOptions,
  checkTransactionsOptions,
  type StatementClient,
  TRANSACTION_DEFAULTS,
  type TransactionalClient,
  type TransactionOptions,
  type TransactionsOptions,
} from './transaction-options.js';

// Times are rounded up on their way to the server.
const CLOSE_MS = 10;

/** "current transaction is aborted" */
const ABORTED = '25P02';

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
  /** Our own pool tells a COMMIT that only rolled back. */
  readonly #poolTells: boolean;

  /** @throws InvalidOptionsError */
  constructor(client: TransactionalClient<Client> & Client, options: TransactionsOptions = {}) {
    checkTransactionsOptions(options);
    this.#outer = client;
    this.#poolTells = options.database !== undefined;
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
      let result: T;
      try {
        result = await this.#attempt(body, options, { ms, deadline, state });
      } catch (error) {
        await this.#failed(error, options, { attempt, ms, deadline, state });
        continue;
      }
      await this.#finish(state.scope?.end('committed'));
      return result;
    }
  }

  #attempt<T>(
    body: (client: Client) => Promise<T>,
    { isolation }: TransactionOptions,
    { ms, deadline, state }: { ms: number; deadline: Deadline; state: Partial<Attempt> },
  ): Promise<T> {
    const left = Math.max(1, Math.ceil(deadline.remaining()));
    const settings = {
      timeout: left,
      maxWait: left,
      ...(isolation === undefined ? {} : { isolationLevel: isolation }),
    };
    return this.#outer.$transaction(async (client) => {
      const scope = (state.scope = new Scope(client));
      await client.$executeRawUnsafe(limitsOfServer(Math.max(1, Math.ceil(deadline.remaining()))));
      // Prisma waits for the body, however long that takes.
      const late = (): Error => new TransactionDeadlineError(ms);
      const result = await withDeadline(this.#bodyOf(scope, body), deadline.remaining(), late, this.#clock);
      await scope.prepare(left);
      state.committing = true;
      return result;
    }, settings);
  }

  async #bodyOf<T>(scope: Scope, body: (client: Client) => Promise<T>): Promise<T> {
    const client = scope.client as Client;
    const result = await this.#scopes.within(scope, () => body(client));
    if (this.#poolTells) return result;
    // After a statement that failed, COMMIT rolls back and does not say so; any other statement does.
    await client.$executeRawUnsafe('SELECT 1').catch((cause: unknown) => {
      throw classifyFailure(cause).sqlState === ABORTED ? new TransactionAbortedError({ cause }) : cause;
    });
    return result;
  }

  /** Ends an attempt, and waits until it is time for another one. @throws what the caller is told when there is none */
  async #failed(
    error: unknown,
    { retry }: TransactionOptions,
    { attempt, ms, deadline, state }: { attempt: number; ms: number; deadline: Deadline; state: Partial<Attempt> },
  ): Promise<void> {
    const failure = classifyFailure(error);
    const operation = state.committing ? 'commit' : 'transaction';
    const unclear = decide(failure, operation) === 'ambiguous';
    await this.#finish(state.scope?.end(unclear ? 'unclear' : 'rolled-back'));
    if (unclear) throw new AmbiguousCommitError(error);
    const { kind } = failure;
    const left = { ms: deadline.remaining(), random: this.#clock.random() };
    const delayMs = retry === false ? undefined : this.#paces.delay(failure, operation, attempt, left);
    if (delayMs === undefined) {
      // Server and client measure the same time; whoever is first says it in his own words.
      const late = (kind === 'expired' || kind === 'cancelled') && deadline.remaining() < CLOSE_MS;
      throw late ? new TransactionDeadlineError(ms, { cause: error }) : error;
    }
    this.#onRetry({ attempt, kind, delayMs });
    await this.#clock.sleep(delayMs);
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
            this.#report(error);
          }
        }),
      ),
    );
  }

  #report(error: unknown): void {
    try {
      this.#onHookError(error);
    } catch (own) {
      warn(own);
    }
  }
}

/**
 * Prisma's time-out only stops waiting; these stop the server. The second one also ends the transaction of a process that is
 * frozen: it cannot COMMIT when it wakes up. What is set to less, stays.
 */
function limitsOfServer(ms: number): string {
  const limit = (name: string): string =>
    `set_config('${name}', least(${ms}, nullif(extract(epoch FROM current_setting('${name}')::interval) * 1000, 0))::int::text, true)`;
  return `SELECT ${limit('statement_timeout')}, ${limit('idle_in_transaction_session_timeout')}`;
}

function warn(error: unknown): void {
  process.emitWarning('Something that was to be done after a transaction failed; the transaction stands.', {
    type: 'TransactionHookWarning',
    detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
}
