import { CodedError } from '@mobius1/kernel';

/** No connection to PostgreSQL could be made. */
export class DatabaseUnreachableError extends CodedError {
  readonly code = 'DATABASE_UNREACHABLE';
  /** Host, port and database, without credentials. */
  readonly place: string;

  constructor(place: string, reason: string, options?: { cause?: unknown }) {
    super(`Cannot connect to PostgreSQL at ${place}: ${reason}. Check that it runs, and the database URL.`, options);
    this.place = place;
  }
}

/** PostgreSQL did not answer a ping in time. */
export class DatabaseTimeoutError extends CodedError {
  readonly code = 'DATABASE_TIMEOUT';

  constructor(place: string, ms: number) {
    super(`PostgreSQL at ${place} did not answer within ${ms} ms. It may be overloaded, frozen or cut off.`);
  }
}

/** No connection of the pool became free in time; nothing was sent. */
export class PoolTimeoutError extends CodedError {
  readonly code = 'DATABASE_POOL_TIMEOUT';

  constructor(ms: number, { size, waiting }: { size: number; waiting: number }, options?: { cause?: unknown }) {
    super(
      `No connection became free within ${ms} ms: all ${size} are in use, ${waiting} more callers wait. Hold connections for less time, or raise connectionLimit.`,
      options,
    );
  }
}

/** So many queries wait for a connection already that another one would only wait in vain; nothing was sent. */
export class PoolQueueFullError extends CodedError {
  readonly code = 'DATABASE_POOL_QUEUE_FULL';

  constructor({ size, waiting }: { size: number; waiting: number }) {
    super(
      `All ${size} connections are in use and ${waiting} callers wait for one (maxWaiting). Answer "try again later", or raise connectionLimit.`,
    );
  }
}

/** The pool is closed, or closes: nothing more is asked of the database. */
export class DatabaseClosedError extends CodedError {
  readonly code = 'DATABASE_CLOSED';

  constructor() {
    super('The connection pool is closed. Close it after everything that uses it.');
  }
}

/** Connections were still in use when the time for closing was over; they were cut. */
export class PoolDrainError extends CodedError {
  readonly code = 'DATABASE_POOL_DRAIN';

  constructor(ms: number, active: number) {
    super(`${active} connections were still in use ${ms} ms after the pool was to close, and were cut.`);
  }
}

/** Code in a transaction asked the client outside of it: that is another connection, which sees and keeps other data. */
export class OuterClientError extends CodedError {
  readonly code = 'DATABASE_OUTER_CLIENT';

  constructor() {
    super(
      'A query inside a transaction used the client outside of it. Use `transactions.client`, or `transactions.outside(() => …)` when it is meant to be independent.',
    );
  }
}

/** `@Transactional` stands where it cannot work, or nobody has given the object its transactions. */
export class TransactionalError extends CodedError {
  readonly code = 'DATABASE_TRANSACTIONAL';
}

/** There is no generated Prisma client. */
export class PrismaClientMissingError extends CodedError {
  readonly code = 'DATABASE_PRISMA_CLIENT_MISSING';

  constructor(options?: { cause?: unknown }) {
    super(
      'initializeConnectionPool found no generated PrismaClient in @prisma/client. Pass your own, `{ client: PrismaClient }`, or run `prisma generate` with the generator "prisma-client-js".',
      options,
    );
  }
}

/** The pool of this process was used in a way that its state does not allow. */
export class ConnectionPoolStateError extends CodedError {
  readonly code = 'DATABASE_POOL_STATE';
}

/** The answer to COMMIT never came: the transaction was committed, or not. It is not repeated. */
export class AmbiguousCommitError extends CodedError {
  readonly code = 'DATABASE_AMBIGUOUS_COMMIT';

  constructor(cause: unknown) {
    super(
      'The connection was lost while a transaction was being committed: it may have been committed, or not. Look at the data before you repeat it, or make it idempotent.',
      { cause },
    );
  }
}

/** COMMIT only rolled back, because a statement in the transaction had failed and nobody said so. */
export class TransactionAbortedError extends CodedError {
  readonly code = 'DATABASE_TRANSACTION_ABORTED';
  /** PostgreSQL's own code for it: it takes nothing but the end of the transaction. */
  readonly sqlState = '25P02';

  constructor(options?: { cause?: unknown }) {
    super(
      'The transaction was rolled back instead of committed: a statement in it had failed, and its error was caught. Let the error pass, or run what may fail in a part of its own, `transactions.run(…)`.',
      options,
    );
  }
}

/** Something was done in a transaction that has ended: a promise was not awaited in it. */
export class TransactionEndedError extends CodedError {
  readonly code = 'DATABASE_TRANSACTION_ENDED';

  constructor() {
    super('This code was called from a transaction that has ended. Await everything inside the transaction.');
  }
}

/** All attempts of a transaction together took longer than they may; it was rolled back. */
export class TransactionDeadlineError extends CodedError {
  readonly code = 'DATABASE_TRANSACTION_DEADLINE';

  constructor(ms: number, options?: { cause?: unknown }) {
    super(
      `The transaction did not end within ${ms} ms and was rolled back. Do less in it, or set a longer deadline.`,
      options,
    );
  }
}

/** The directory of migrations cannot be read. */
export class MigrationDirectoryError extends CodedError {
  readonly code = 'MIGRATION_DIRECTORY';

  constructor(directory: string, reason: string, options?: { cause?: unknown }) {
    super(
      `The migrations in ${directory} cannot be read: ${reason}. Ship the directory with the application.`,
      options,
    );
  }
}

/** Another process has been migrating this database for longer than `lockTimeout`. */
export class MigrationLockedError extends CodedError {
  readonly code = 'MIGRATION_LOCKED';

  constructor(ms: number, options?: { cause?: unknown }) {
    super(`Another process still migrates this database after ${ms} ms. Wait for it, or end its connection.`, options);
  }
}

/** An SQL file failed; what it did before is rolled back unless it holds its own transactions. */
export class MigrationFailedError extends CodedError {
  readonly code = 'MIGRATION_FAILED';
  /** The folder of the migration. */
  readonly migration: string;

  constructor(migration: string, reason: string, options?: { cause?: unknown }) {
    super(`Migration ${migration} failed: ${reason}. ${resolveAdvice(migration)}`, options);
    this.migration = migration;
  }
}

/** An earlier run began this migration and did not finish it; nothing is applied on top of that. */
export class MigrationUnfinishedError extends CodedError {
  readonly code = 'MIGRATION_UNFINISHED';
  /** The folder of the migration. */
  readonly migration: string;

  constructor(migration: string) {
    super(`An earlier run did not finish migration ${migration}. ${resolveAdvice(migration)}`);
    this.migration = migration;
  }
}

const resolveAdvice = (migration: string): string =>
  `Repair the database, then run "prisma migrate resolve --rolled-back ${migration}" (or --applied) and start again.`;
