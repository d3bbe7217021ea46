import { OptionCheck } from '@mobius1/kernel';
import { type ConnectionUrl, parseConnectionUrl } from './connection-url.js';

/** How to reach PostgreSQL and how much of it to use. */
export interface DatabaseOptions {
  /**
   * `postgresql://user:password@host:port/database`. Prisma's `schema`, `connection_limit` and `pool_timeout` are
   * understood; the options below win over them.
   */
  readonly url: string;
  /** Most connections of this process. @default 10 */
  readonly maxConnections?: number;
  /** How long a query may wait for a free connection, in ms; then it fails. @default 5000 */
  readonly acquireTimeout?: number;
  /** After this long without use a connection is closed, in ms. @default 30000 */
  readonly idleTimeout?: number;
  /** How long closing waits for queries under way, in ms. @default 5000 */
  readonly closeTimeout?: number;
  /** What the server's own lists (`pg_stat_activity`) call this process. @default 'mobius' */
  readonly applicationName?: string;
}

/** The options with every default filled in. */
export interface ResolvedDatabaseOptions extends Required<Omit<DatabaseOptions, 'url'>> {
  readonly connection: ConnectionUrl;
}

/** 10 is what `pg` takes; 5 s is short enough to answer 503 before clients give up, and far above a usual wait. */
const DEFAULTS = Object.freeze({
  maxConnections: 10,
  acquireTimeout: 5_000,
  idleTimeout: 30_000,
  closeTimeout: 5_000,
  applicationName: 'mobius',
});

const KNOWN = ['url', ...Object.keys(DEFAULTS)];

/** A server with default settings accepts 100 connections; more than this in one process is a mistake. */
const MOST_CONNECTIONS = 1_000;

/** PostgreSQL cuts names off after 63 bytes. */
const LONGEST_NAME = 63;

/**
 * @param scope the words that an error begins with
 * @throws InvalidOptionsError with every problem at once
 */
export function resolveDatabaseOptions(
  options: DatabaseOptions,
  scope = 'DatabaseModule.forRoot',
): ResolvedDatabaseOptions {
  const check = new OptionCheck(scope);
  check.unknownKeys('', options, KNOWN);
  check.required('url', options.url, 'a PostgreSQL URL');
  const url = check.string('url', options.url);
  const connection = url === undefined ? undefined : parseConnectionUrl(url);
  if (url !== undefined && connection === undefined) {
    check.problem('url', 'a URL like postgresql://user:password@host:5432/database', url);
  }
  const given = {
    maxConnections: check.integerBetween('maxConnections', options.maxConnections, 1, MOST_CONNECTIONS),
    acquireTimeout: check.positiveInteger('acquireTimeout', options.acquireTimeout),
    idleTimeout: check.positiveInteger('idleTimeout', options.idleTimeout),
    closeTimeout: check.positiveInteger('closeTimeout', options.closeTimeout),
    applicationName: check.string('applicationName', options.applicationName, { max: LONGEST_NAME }),
  };
  check.throwIfAny();
  return Object.freeze({
    connection: connection as ConnectionUrl,
    maxConnections: given.maxConnections ?? connection?.maxConnections ?? DEFAULTS.maxConnections,
    acquireTimeout: given.acquireTimeout ?? connection?.acquireTimeout ?? DEFAULTS.acquireTimeout,
    idleTimeout: given.idleTimeout ?? DEFAULTS.idleTimeout,
    closeTimeout: given.closeTimeout ?? DEFAULTS.closeTimeout,
    applicationName: given.applicationName ?? DEFAULTS.applicationName,
  });
}
