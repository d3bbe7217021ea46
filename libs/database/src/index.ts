// The public API of @mobius1/database.

// Module
export { DatabaseModule, type DatabaseOptionsFactory } from './nest/database.module.js';
export { DatabaseService } from './nest/database.service.js';
export { DatabaseHealthIndicator } from './nest/health.js';
export type { DatabaseOptions } from './core/options.js';

// Without Nest
export { Database } from './drivers/database.js';
export type { PoolStats, PostgresPool, PrismaAdapter } from './drivers/postgres-pool.js';
export { applyMigrations, type MigrationOptions, type MigrationResult } from './drivers/migrations.js';

// Errors
export {
  DatabaseTimeoutError,
  DatabaseUnreachableError,
  MigrationDirectoryError,
  MigrationFailedError,
  MigrationLockedError,
  MigrationUnfinishedError,
} from './core/errors.js';
