import { EnvironmentCheck, OptionCheck } from '@mobius1/kernel';
import { type ConnectionUrl, parseConnectionUrl } from './connection-url.js';

/** How to reach PostgreSQL and how much of it to use. Every time is in milliseconds. */
export interface DatabaseOptions {
  /**
   * `postgresql://user:password@host:port/database`. Prisma's `schema`, `connection_limit` and `pool_timeout` are
   * understood; the options below win over them. @default the variable `DATABASE_URL`
   */
  readonly url?: string;
  /** Most connections of this process. @default `DB_CONNECTION_LIMIT`, 10 */
  readonly connectionLimit?: number;
  /** How long a query waits for a free connection; then it fails with PoolTimeoutError. @default `DB_POOL_TIMEOUT`, 10_000 */
  readonly poolTimeout?: number;
  /** Most queries that wait for a connection; one more fails at once with PoolQueueFullError. @default 1_000 */
  readonly maxWaiting?: number;
  /** After this long without use a connection is closed. @default 30_000 */
  readonly idleTimeout?: number;
  /** After this long, less up to a fifth at random, a connection is replaced when it is free. @default 1_800_000 */
  readonly connectionLifetime?: number;
  /** The server ends statements that take longer. @default what the server is set to, usually never */
  readonly statementTimeout?: number;
  /** A connection that is lent for longer is told as a leak, with the place that took it. @default 60_000 */
  readonly leakThreshold?: number;
  /** A statement that runs for longer is slow; the wait for a connection does not count. @default `DB_SLOW_QUERY_THRESHOLD`, 1_000 */
  readonly slowQueryThreshold?: number;
  /** Tells every statement in the log, its parameters by kind and length only. @default `DB_ENABLE_QUERY_LOGGING`, false */
  readonly enableQueryLogging?: boolean;
  /** How many processes like this one use the server at the same time; for the check at boot. @default 1 */
  readonly instances?: number;
  /** How long closing waits for queries under way; then their connections are cut. @default 5_000 */
  readonly closeTimeout?: number;
  /** What the server's own lists (`pg_stat_activity`) call this process. @default 'mobius' */
  readonly applicationName?: string;
}

/** The options with every default filled in. */
export interface ResolvedDatabaseOptions extends Required<Omit<DatabaseOptions, 'url' | 'statementTimeout'>> {
  readonly connection: ConnectionUrl;
  readonly statementTimeout: number | undefined;
}

/**
 * 10 connections are what `pg` takes. 10 s is what callers of an API still wait for. Half an hour spreads a fleet over servers
 * that came back. A minute is longer than any sound request holds a connection.
 */
export const DATABASE_DEFAULTS = Object.freeze({
  connectionLimit: 10,
  poolTimeout: 10_000,
  maxWaiting: 1_000,
  idleTimeout: 30_000,
  connectionLifetime: 1_800_000,
  leakThreshold: 60_000,
  slowQueryThreshold: 1_000,
  enableQueryLogging: false,
  instances: 1,
  closeTimeout: 5_000,
  applicationName: 'mobius',
});

const KNOWN = ['url', 'statementTimeout', ...Object.keys(DATABASE_DEFAULTS)];

/** A server with default settings accepts 100 connections; more than this in one process is a mistake. */
const MOST_CONNECTIONS = 1_000;

/** PostgreSQL cuts names off after 63 bytes. */
const LONGEST_NAME = 63;

const DAY_MS = 86_400_000;

const URL_SHAPE = 'a URL like postgresql://user:password@host:5432/database';

/**
 * What the environment says: `DATABASE_URL`, `DB_CONNECTION_LIMIT`, `DB_POOL_TIMEOUT`, `DB_ENABLE_QUERY_LOGGING` and
 * `DB_SLOW_QUERY_THRESHOLD`. An empty variable counts as not set.
 *
 * @throws InvalidOptionsError that lists every wrong variable at once
 */
export function readDatabaseEnvironment(source: (name: string) => unknown): DatabaseOptions {
  const check = new EnvironmentCheck(source);
  const options = {
    url: check.matching('DATABASE_URL', (text) => parseConnectionUrl(text) !== undefined, URL_SHAPE),
    connectionLimit: check.integer('DB_CONNECTION_LIMIT', 1, MOST_CONNECTIONS),
    poolTimeout: check.integer('DB_POOL_TIMEOUT', 1, DAY_MS),
    enableQueryLogging: check.boolean('DB_ENABLE_QUERY_LOGGING'),
    slowQueryThreshold: check.integer('DB_SLOW_QUERY_THRESHOLD', 0, DAY_MS),
  };
  check.throwIfAny();
  return defined(options);
}

/** What the code says over what the environment says. */
export const overEnvironment = (options: DatabaseOptions, environment: DatabaseOptions): DatabaseOptions => ({
  ...environment,
  ...defined(options),
});

/**
 * @param scope the words that an error begins with
 * @throws InvalidOptionsError with every problem at once
 */
export function resolveDatabaseOptions(options: DatabaseOptions, scope: string): ResolvedDatabaseOptions {
  const check = new OptionCheck(scope);
  check.unknownKeys('', options, KNOWN);
  if (options.url === undefined) check.problem('url', URL_SHAPE, undefined, 'give it here or as DATABASE_URL');
  const url = check.string('url', options.url);
  const connection = url === undefined ? undefined : parseConnectionUrl(url);
  if (url !== undefined && connection === undefined) check.problem('url', URL_SHAPE, url);
  const time = (name: 'poolTimeout' | 'idleTimeout' | 'connectionLifetime' | 'leakThreshold' | 'closeTimeout') =>
    check.integerBetween(name, options[name], 1, DAY_MS);
  const given = {
    connectionLimit: check.integerBetween('connectionLimit', options.connectionLimit, 1, MOST_CONNECTIONS),
    poolTimeout: time('poolTimeout'),
    maxWaiting: check.integerBetween('maxWaiting', options.maxWaiting, 0, 1_000_000),
    idleTimeout: time('idleTimeout'),
    connectionLifetime: time('connectionLifetime'),
    leakThreshold: time('leakThreshold'),
    slowQueryThreshold: check.integerBetween('slowQueryThreshold', options.slowQueryThreshold, 0, DAY_MS),
    enableQueryLogging: check.boolean('enableQueryLogging', options.enableQueryLogging),
    instances: check.integerBetween('instances', options.instances, 1, 100_000),
    closeTimeout: time('closeTimeout'),
    applicationName: check.string('applicationName', options.applicationName, { max: LONGEST_NAME }),
  };
  const statementTimeout = check.integerBetween('statementTimeout', options.statementTimeout, 1, DAY_MS);
  check.throwIfAny();
  const inUrl = defined({
    connectionLimit: connection?.connectionLimit,
    poolTimeout: connection?.poolTimeout,
  });
  return Object.freeze({
    ...DATABASE_DEFAULTS,
    ...inUrl,
    ...defined(given),
    connection: connection as ConnectionUrl,
    statementTimeout,
  });
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
