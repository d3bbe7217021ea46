import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { ResolvedDatabaseOptions } from '../core/options.js';
import type { Execution } from './observed-client.js';
import { ObservedPool, type PoolWatch } from './observed-pool.js';

/** The pool of `pg`, shared by Prisma and by SQL of your own. */
export type PostgresPool = pg.Pool;

/** What `new PrismaClient({ adapter })` takes. */
export type PrismaAdapter = PrismaPg;

/** What is told of the work of a pool. */
export interface PoolListener extends PoolWatch {
  readonly executed: (execution: Execution) => void;
  /** Connections that die while nobody uses them; without a listener they would end the process. */
  readonly idleError: (error: Error) => void;
}

export function createPool(options: ResolvedDatabaseOptions, listener: PoolListener): ObservedPool {
  const { schema } = options.connection;
  const pool = new ObservedPool({
    ...connectionConfig(options),
    place: options.connection.place,
    max: options.connectionLimit,
    connectionTimeoutMillis: options.poolTimeout,
    idleTimeoutMillis: options.idleTimeout,
    maxWaiting: options.maxWaiting,
    lifetimeMs: options.connectionLifetime,
    leakMs: options.leakThreshold,
    closeMs: options.closeTimeout,
    watch: listener,
    executed: listener.executed,
    ...(options.statementTimeout === undefined ? {} : { statement_timeout: options.statementTimeout }),
    // Prisma names the schema in its queries; plain SQL on the same pool must find it too.
    ...(schema === undefined ? {} : { options: searchPath(schema) }),
  });
  pool.on('error', listener.idleError);
  return pool;
}

/** Where the server is, for a connection of the pool or beside it. */
export const connectionConfig = ({ connection, applicationName }: ResolvedDatabaseOptions): pg.ClientConfig => ({
  connectionString: connection.url,
  application_name: applicationName,
});

/**
 * The adapter lends connections from `pool`.
 *
 * @param owned whether `$disconnect` of the client closes the pool
 */
export function createAdapter(pool: pg.Pool, schema: string | undefined, owned = false): PrismaAdapter {
  return new PrismaPg(pool, { disposeExternalPool: owned, ...(schema === undefined ? {} : { schema }) });
}

/** The startup option that selects a schema; blanks and backslashes are escaped as the server wants it. */
export function searchPath(schema: string): string {
  return `-c search_path=${pg.escapeIdentifier(schema).replace(/[\\ ]/g, '\\$&')}`;
}
