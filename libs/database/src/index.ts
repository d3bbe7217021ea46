// The public API of @mobius1/database.

// Module
export { DatabaseModule, type DatabaseOptionsFactory } from './nest/database.module.js';
export { DatabaseService } from './nest/database.service.js';
export { DatabaseHealthIndicator } from './nest/health.js';
export type { DatabaseOptions } from './core/options.js';

// Without Nest
export { Database } from './drivers/database.js';
export type { PoolStats, PostgresPool, PrismaAdapter } from './drivers/postgres-pool.js';
export { Transactions } from './features/transactions.js';
export type {
  Isolation,
  StatementClient,
  TransactionalClient,
  TransactionOptions,
  TransactionsOptions,
} from './features/transactions.js';
export { classifyFailure, type Failure, type FailureKind } from './core/failure.js';
export { applyMigrations, type MigrationOptions, type MigrationResult } from './drivers/migrations.js';

// Errors
export {
  AmbiguousCommitError,
  DatabaseTimeoutError,
  DatabaseUnreachableError,
  MigrationDirectoryError,
  MigrationFailedError,
  MigrationLockedError,
  MigrationUnfinishedError,
  TransactionDeadlineError,
  TransactionEndedError,
} from './core/errors.js';
