import { Channel, CodedError, systemClock, type UnitOfWork, withDeadline } from '@mobius1/kernel';
import pg from 'pg';
import type { DatabaseHealth } from '../core/database-health.js';
import { DatabaseTimeoutError, OuterClientError } from '../core/errors.js';
import type { DatabaseEvents, StatementEvent } from '../core/events.js';
import { fingerprintOf } from '../core/fingerprint.js';
import { type DatabaseOptions, type ResolvedDatabaseOptions, resolveDatabaseOptions } from '../core/options.js';
import type { PoolStats } from '../core/pool-stats.js';
import { redactAll } from '../core/redact.js';
import { Scopes } from '../core/scope.js';
import { judgeSizing, type ServerLimits } from '../core/sizing.js';
import { SlowQueries, type SlowQuery } from '../core/slow-queries.js';
import { connectionFailure, reasonOf } from './connection-failure.js';
import type { Execution } from './observed-client.js';
import type { ObservedPool } from './observed-pool.js';
import { connectionConfig, createAdapter, createPool, type PostgresPool, type PrismaAdapter } from './postgres-pool.js';

/** Long enough for a busy server, short enough for an orchestrator that asks for health every few seconds. */
const PING_TIMEOUT_MS = 2_000;

/** Settings in the units of the server: all of these times are milliseconds. */
const LIMITS = `
  SELECT
    LEAST(
      current_setting('max_connections')::int,
      NULLIF((SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user), -1),
      NULLIF((SELECT datconnlimit FROM pg_database WHERE datname = current_database()), -1)
    ) AS "maxConnections",
    COALESCE((SELECT sum(setting::int) FROM pg_settings
      WHERE name IN ('superuser_reserved_connections', 'reserved_connections')), 0)::int AS reserved,
    COALESCE((SELECT setting::int FROM pg_settings WHERE name = 'idle_session_timeout'), 0) AS "idleSessionTimeout",
    (SELECT reset_val::int FROM pg_settings WHERE name = 'statement_timeout') AS "statementTimeout"`;

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
  /** What happens; also on `node:diagnostics_channel` as `mobius:database:<event>`. */
  readonly events: Channel<DatabaseEvents>;
  /** The transactions of this database: for `new Transactions(prisma, { database })`. */
  readonly scopes = new Scopes();
  readonly #options: ResolvedDatabaseOptions;
  readonly #pool: ObservedPool;
  readonly #slow = new SlowQueries();

  /**
   * Opens no connection yet.
   *
   * @param owned whether `$disconnect` of the Prisma client closes the pool. @default false
   * @param scope the words that an InvalidOptionsError begins with. @default 'new Database'
   * @throws InvalidOptionsError
   */
  constructor(
    options: DatabaseOptions,
    { owned = false, scope = 'new Database' }: { owned?: boolean; scope?: string } = {},
  ) {
    this.#options = resolveDatabaseOptions(options, scope);
    const { slowQueryThreshold, connection } = this.#options;
    const origin = { database: connection.place };
    this.events = new Channel<DatabaseEvents>({ publish: { prefix: 'mobius:database', origin } });
    this.pool = this.#pool = createPool(this.#options, {
      mayLend: () => {
        if (this.scopes.active) throw new OuterClientError();
      },
      waited: (waitMs, forWhat) => {
        if (waitMs < slowQueryThreshold) return;
        if (forWhat === 'new') this.events.emit('slowConnect', () => ({ ms: waitMs }));
        else
          this.events.emit('poolShort', () => ({ waitMs, active: this.stats().active, waiting: this.stats().waiting }));
      },
      leaked: (leak) => this.events.emit('leak', () => leak),
      executed: (execution) => this.#executed(execution),
      idleError: (error) => this.events.emit('idleError', () => ({ error })),
    });
    this.adapter = createAdapter(this.pool, connection.schema, owned);
  }

  /** Host, port and database, without credentials. */
  get place(): string {
    return this.#options.connection.place;
  }

  /** Whether nothing more can be asked. */
  get closed(): boolean {
    return this.#pool.ending;
  }

  /** What a cache needs to know: whether what was just written can be seen by others yet. */
  get unitOfWork(): UnitOfWork {
    return this.scopes;
  }

  /**
   * Asks the server for an answer and returns how long that took, in ms.
   *
   * @param timeout in ms, waiting for a connection included. @default 2000
   * @throws DatabaseUnreachableError, DatabaseTimeoutError, DatabaseClosedError, PoolQueueFullError, PoolTimeoutError
   */
  async ping(timeout = PING_TIMEOUT_MS): Promise<number> {
    const start = systemClock.monotonic();
    // query_timeout gives the connection up as well; the deadline also covers the wait for one.
    const query = Object.assign({ text: 'SELECT 1' }, { query_timeout: timeout });
    const answer = this.scopes
      .within(undefined, () => this.pool.query(query))
      .catch((cause: unknown) => {
        throw cause instanceof CodedError ? cause : connectionFailure(this.place, cause);
      });
    await withDeadline(answer, timeout, () => new DatabaseTimeoutError(this.place, timeout), systemClock);
    return systemClock.monotonic() - start;
  }

  /** How the database does, measured now. Tells a pool that has no connection left from a server that does not answer. */
  async health(): Promise<DatabaseHealth> {
    try {
      const latencyMs = await this.#roundTrip();
      const saturated = this.#isFull() && this.stats().waiting > 0;
      const reason = 'every connection is in use, and callers wait';
      return {
        status: saturated ? 'saturated' : 'up',
        latencyMs: Math.round(latencyMs * 10) / 10,
        pool: this.stats(),
        ...(saturated ? { reason } : {}),
      };
    } catch (error) {
      return { status: 'down', reason: reasonOf(error), pool: this.stats() };
    }
  }

  /**
   * What will not work out between the options and the server (`connectionLimit` × `instances` against `max_connections`,
   * time-outs that contradict each other), each in one sentence; also told as `sizing`.
   */
  async checkSizing(): Promise<string[]> {
    const { rows } = await this.scopes.within(undefined, () => this.pool.query<ServerLimits>(LIMITS));
    const problems = rows[0] === undefined ? [] : judgeSizing(this.#options, rows[0]);
    for (const problem of problems) this.events.emit('sizing', () => ({ problem }));
    return problems;
  }

  /** The connections at this moment, and what came of them. */
  stats(): PoolStats {
    return this.#pool.stats;
  }

  /** The shapes of statements that were slow, the costliest first. @param count @default all that are kept, at most 100 */
  slowQueries(count?: number): SlowQuery[] {
    return this.#slow.top(count);
  }

  /**
   * Closes the connections; queries under way get `closeTimeout` to end. Further calls wait for the first.
   *
   * @throws PoolDrainError when some did not end; they are cut
   */
  close(): Promise<void> {
    return this.pool.end();
  }

  /** Every connection is lent: a ping would wait for one, and say nothing of the server. */
  #isFull(): boolean {
    const { active, limit } = this.stats();
    return active >= limit;
  }

  async #roundTrip(): Promise<number> {
    if (this.#isFull()) return this.#probe();
    try {
      return await this.ping();
    } catch (error) {
      if (!this.#isFull()) throw error;
      return this.#probe(); // the last connection was lent while it waited
    }
  }

  /** The round trip of a connection beside the pool. */
  async #probe(): Promise<number> {
    const start = systemClock.monotonic();
    const config = { ...connectionConfig(this.#options), connectionTimeoutMillis: PING_TIMEOUT_MS };
    const client = new pg.Client({ ...config, query_timeout: PING_TIMEOUT_MS });
    client.on('error', () => undefined); // the query tells it
    try {
      await client.connect();
      await client.query('SELECT 1');
      return systemClock.monotonic() - start;
    } finally {
      void client.end().catch(() => undefined);
    }
  }

  #executed(execution: Execution): void {
    const { slowQueryThreshold, enableQueryLogging } = this.#options;
    const slow = execution.ms >= slowQueryThreshold;
    if (!slow && !enableQueryLogging) return;
    const event = describe(execution);
    if (enableQueryLogging) this.events.emit('query', () => event);
    if (!slow) return;
    this.#slow.record(event, systemClock.now());
    this.events.emit('slowQuery', () => event);
  }
}

function describe({ text, values, ms, failed }: Execution): StatementEvent {
  const { id, statement } = fingerprintOf(text);
  return { fingerprint: id, statement, parameters: redactAll(values), ms: Math.round(ms * 100) / 100, failed };
}
