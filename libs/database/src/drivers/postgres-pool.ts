import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { ResolvedDatabaseOptions } from '../core/options.js';
import { ObservedPool } from './observed-pool.js';

/** The pool of `pg`, shared by Prisma and by SQL of your own. */
export type PostgresPool = pg.Pool;

/** What `new PrismaClient({ adapter })` takes. */
export type PrismaAdapter = PrismaPg;

/** The connections of this process at one moment. */
export interface PoolStats {
  /** Open connections, busy or idle. */
  readonly total: number;
  readonly idle: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
  /** Most connections that will be opened. */
  readonly max: number;
}

/** @param onIdleError hears of connections that die while nobody uses them; without a listener they end the process. */
export function createPool(options: ResolvedDatabaseOptions, onIdleError: (error: Error) => void): PostgresPool {
  const { url, schema } = options.connection;
  const pool = new ObservedPool({
    connectionString: url,
    max: options.maxConnections,
    connectionTimeoutMillis: options.acquireTimeout,
    idleTimeoutMillis: options.idleTimeout,
    application_name: options.applicationName,
    // Prisma names the schema in its queries; plain SQL on the same pool must find it too.
    ...(schema === undefined ? {} : { options: searchPath(schema) }),
  });
  pool.on('error', onIdleError);
  return pool;
}

/** The adapter lends connections from `pool` and leaves it open at the end. */
export function createAdapter(pool: PostgresPool, schema: string | undefined): PrismaAdapter {
  return new PrismaPg(pool, schema === undefined ? {} : { schema });
}

export function statsOf(pool: PostgresPool): PoolStats {
  return { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount, max: pool.options.max };
}

/** The startup option that selects a schema; blanks and backslashes are escaped as the server wants it. */
export function searchPath(schema: string): string {
  return `-c search_path=${pg.escapeIdentifier(schema).replace(/[\\ ]/g, '\\$&')}`;
}
