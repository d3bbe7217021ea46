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
  readonly migration: string;

  constructor(migration: string, reason: string, options?: { cause?: unknown }) {
    super(`Migration ${migration} failed: ${reason}. ${resolveAdvice(migration)}`, options);
    this.migration = migration;
  }
}

/** An earlier run began this migration and did not finish it; nothing is applied on top of that. */
export class MigrationUnfinishedError extends CodedError {
  readonly code = 'MIGRATION_UNFINISHED';
  readonly migration: string;

  constructor(migration: string) {
    super(`An earlier run did not finish migration ${migration}. ${resolveAdvice(migration)}`);
    this.migration = migration;
  }
}

const resolveAdvice = (migration: string): string =>
  `Repair the database, then run "prisma migrate resolve --rolled-back ${migration}" (or --applied) and start again.`;
