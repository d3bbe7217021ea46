import { systemClock, withDeadline } from '@mobius1/kernel';
import { DatabaseTimeoutError } from '../core/errors.js';
import { type DatabaseOptions, type ResolvedDatabaseOptions, resolveDatabaseOptions } from '../core/options.js';
import { connectionFailure } from './connection-failure.js';
import {
  createAdapter,
  createPool,
  type PoolStats,
  type PostgresPool,
  type PrismaAdapter,
  statsOf,
} from './postgres-pool.js';

/** Long enough for a busy server, short enough for an orchestrator that asks for health every few seconds. */
const PING_TIMEOUT_MS = 2_000;

/**
 * One pool of PostgreSQL connections, for plain SQL and for a generated Prisma client alike.
 *
 * @example
 * const database = new Database({ url: 'postgresql://localhost/mobius' });
 * const prisma = new PrismaClient({ adapter: database.adapter });
 */
export class Database {
  /** For plain SQL: `pool.query('SELECT …')`. */
  readonly pool: PostgresPool;
  /** For `new PrismaClient({ adapter })`. */
  readonly adapter: PrismaAdapter;
  readonly #options: ResolvedDatabaseOptions;
  #closing: Promise<void> | undefined;

  /**
   * Opens no connection yet.
   *
   * @param onIdleError hears of connections that die while nobody uses them. @default ignored: the pool replaces them
   * @throws InvalidOptionsError
   */
  constructor(options: DatabaseOptions, onIdleError: (error: Error) => void = () => undefined) {
    this.#options = resolveDatabaseOptions(options);
    this.pool = createPool(this.#options, onIdleError);
    this.adapter = createAdapter(this.pool, this.#options.connection.schema);
  }

  /** Host, port and database, without credentials. */
  get place(): string {
    return this.#options.connection.place;
  }

  /**
   * Asks the server for an answer and returns how long that took, in ms.
   *
   * @param timeout in ms, waiting for a connection included. @default 2000
   * @throws DatabaseUnreachableError, DatabaseTimeoutError
   */
  async ping(timeout = PING_TIMEOUT_MS): Promise<number> {
    const start = systemClock.monotonic();
    // query_timeout gives the connection up as well; the deadline also covers the wait for one.
    const answer = this.pool
      .query(Object.assign({ text: 'SELECT 1' }, { query_timeout: timeout }))
      .catch((cause: unknown) => {
        throw connectionFailure(this.place, cause);
      });
    await withDeadline(answer, timeout, () => new DatabaseTimeoutError(this.place, timeout), systemClock);
    return systemClock.monotonic() - start;
  }

  /** The connections at this moment. */
  stats(): PoolStats {
    return statsOf(this.pool);
  }

  /** Closes the connections; queries under way get `closeTimeout` to end. Further calls wait for the first. */
  close(): Promise<void> {
    const { closeTimeout } = this.#options;
    const late = (): Error => new DatabaseTimeoutError(this.place, closeTimeout);
    this.#closing ??= withDeadline(this.pool.end(), closeTimeout, late, systemClock);
    return this.#closing;
  }
}
