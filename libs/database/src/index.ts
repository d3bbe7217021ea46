// The public API of @mobius1/database.

// Module
export { DatabaseModule, type DatabaseModuleExtras, type DatabaseOptionsFactory } from './nest/database.module.js';
export { DatabaseService } from './nest/database.service.js';
export { TransactionService } from './nest/transaction.service.js';
export { Transactional } from './nest/transactional.js';
export { DatabaseHealthIndicator } from './nest/health.js';
export type { DatabaseOptions } from './core/options.js';

// Without Nest
export {
  type ConnectionPoolOptions,
  getConnectionPool,
  getTransactions,
  initializeConnectionPool,
  type PrismaClientClass,
  type StandardTransactionClient,
  transaction,
} from './instance/connection-pool.js';
export { Database } from './drivers/database.js';
export type { PostgresPool, PrismaAdapter } from './drivers/postgres-pool.js';
export { applyMigrations, type MigrationOptions, type MigrationResult } from './drivers/migrations.js';

// Transactions and retries
export { Transactions } from './features/transactions.js';
export type {
  Isolation,
  StatementClient,
  TransactionalClient,
  TransactionOptions,
  TransactionsOptions,
} from './features/transaction-options.js';
export { type RetriesOptions, withRetries } from './features/retries.js';
export { type QueryCacheExtension, withQueryCache } from './features/prisma-extension/with-query-cache.js';
export type { QueryCacheExtensionOptions, QueryCachePort } from './features/prisma-extension/query-cache-options.js';
export type { CacheArgument, CachedReads, CacheStrategy } from './features/prisma-extension/operations.js';
export { classifyFailure, type Failure, type FailureKind } from './core/failure.js';

// What it does
export type { DatabaseEvents, StatementEvent } from './core/events.js';
export type { DatabaseHealth } from './core/database-health.js';
export type { DurationSummary } from './core/durations.js';
export type { LineLogger } from './core/logging.js';
export type { PoolStats } from './core/pool-stats.js';
export type { SlowQuery } from './core/slow-queries.js';

// Errors
export {
  AmbiguousCommitError,
  ConnectionPoolStateError,
  DatabaseClosedError,
  DatabaseTimeoutError,
  DatabaseUnreachableError,
  MigrationDirectoryError,
  MigrationFailedError,
  MigrationLockedError,
  MigrationUnfinishedError,
  OuterClientError,
  PoolDrainError,
  PoolQueueFullError,
  PoolTimeoutError,
  PrismaClientMissingError,
  TransactionAbortedError,
  TransactionalError,
  TransactionDeadlineError,
  TransactionEndedError,
} from './core/errors.js';
