import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { PrismaClient } from '@prisma/client';
import { ConnectionPoolStateError, PrismaClientMissingError } from '../core/errors.js';
import type { DatabaseEvents } from '../core/events.js';
import { type LineLogger, logEvents } from '../core/logging.js';
import { type DatabaseOptions, overEnvironment, readDatabaseEnvironment } from '../core/options.js';
import { Database } from '../drivers/database.js';
import type { PrismaAdapter } from '../drivers/postgres-pool.js';
import { withRetries } from '../features/retries.js';
import type { StatementClient, TransactionalClient, TransactionOptions } from '../features/transaction-options.js';
import { Transactions } from '../features/transactions.js';

/** A generated `PrismaClient`. */
export type PrismaClientClass<Client> = new (options: { adapter: PrismaAdapter }) => Client;

/** What `initializeConnectionPool` takes. */
export interface ConnectionPoolOptions<Client> extends DatabaseOptions {
  /** Your generated class. @default `PrismaClient` of `@prisma/client`, when that has been generated */
  readonly client?: PrismaClientClass<Client>;
  /** Where slow queries, leaks and the like are told; `false` for nowhere. @default console */
  readonly logger?: LineLogger | false;
}

/** What `@prisma/client` hands to the body of a transaction. */
export type StandardTransactionClient = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0];

let opened: { readonly database: Database; readonly transactions: Transactions<StatementClient> } | undefined;

/**
 * The database for programs without Nest: a Prisma client on one observed pool. Single operations are repeated where that is safe.
 * What the options leave open is read from the environment (`DATABASE_URL`, `DB_CONNECTION_LIMIT`, …). `$disconnect()` of the
 * client closes the pool.
 *
 * @example
 * const prisma = initializeConnectionPool({ connectionLimit: 10, poolTimeout: 10_000, slowQueryThreshold: 1_000 });
 * const user = await prisma.user.findUnique({ where: { id } });
 *
 * @throws InvalidOptionsError, PrismaClientMissingError; ConnectionPoolStateError when there is a pool already
 */
export function initializeConnectionPool<Client extends object = PrismaClient>(
  options: ConnectionPoolOptions<Client> = {},
): Client {
  const { client, logger = console, ...database } = options;
  if (opened !== undefined && !opened.database.closed) {
    throw new ConnectionPoolStateError(
      'The connection pool of this process is set up already. Call initializeConnectionPool() once, or await prisma.$disconnect() first; new Database(…) makes further pools.',
    );
  }
  const environment = readDatabaseEnvironment((name) => process.env[name]);
  const settings = overEnvironment(database, environment);
  const Generated = client ?? standardClient<Client>();
  const created = new Database(settings, { owned: true, scope: 'initializeConnectionPool' });
  if (logger !== false) logEvents(created.events, logger);
  const prisma = construct(Generated, created.adapter, client === undefined);
  const onRetry = (event: DatabaseEvents['retry']): void => created.events.emit('retry', () => event);
  const ready = extended(prisma, onRetry);
  // Every generated client is one; its type is that of somebody else's schema.
  const transactional = ready as unknown as TransactionalClient<StatementClient> & StatementClient;
  opened = { database: created, transactions: new Transactions(transactional, { database: created, onRetry }) };
  return ready;
}

/** The pool behind the client: statistics, health, slow queries, plain SQL. @throws ConnectionPoolStateError before `initializeConnectionPool` */
export function getConnectionPool(): Database {
  return theOpened().database;
}

function theOpened(): NonNullable<typeof opened> {
  if (opened === undefined) {
    throw new ConnectionPoolStateError('There is no connection pool. Call initializeConnectionPool({ … }) first.');
  }
  return opened;
}

/**
 * The transactions of the pool: the client of the running one, hooks, parts. `Client` is what your client hands to the body of a
 * transaction. @throws ConnectionPoolStateError before `initializeConnectionPool`
 */
export function getTransactions<Client extends StatementClient = StandardTransactionClient>(): Transactions<Client> {
  // The caller knows the type of the client that he passed; here it is gone.
  return theOpened().transactions as unknown as Transactions<Client>;
}

/**
 * Runs `body` in a transaction, which is repeated where that is safe; inside another one, in a part of it.
 *
 * @example
 * const id = await transaction(async (tx) => (await tx.document.create({ data })).id, { isolation: 'Serializable' });
 *
 * @throws what `body` throws; AmbiguousCommitError, TransactionDeadlineError, InvalidOptionsError; ConnectionPoolStateError before
 * `initializeConnectionPool`
 */
export function transaction<T, Client extends StatementClient = StandardTransactionClient>(
  body: (client: Client) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  return getTransactions<Client>().run(body, options);
}

/** The client with retries, and with `$on`, which Prisma takes from extended clients. */
function extended<Client extends object>(prisma: Client, onRetry: (event: DatabaseEvents['retry']) => void): Client {
  // What every generated client has, whatever its schema.
  const { $on, $extends } = prisma as unknown as Record<'$on' | '$extends', (...args: unknown[]) => unknown>;
  const client = $extends.call(prisma, withRetries({ onRetry })) as Client;
  return new Proxy(Object.create(client) as Client, {
    get: (_target, name): unknown => (name === '$on' ? $on.bind(prisma) : Reflect.get(client, name)),
  });
}

/** What the application itself would import: its own copy, wherever this library was installed. */
function standardClient<Client>(): PrismaClientClass<Client> {
  try {
    const require = createRequire(join(process.cwd(), 'package.json'));
    const { PrismaClient } = require('@prisma/client') as { PrismaClient?: PrismaClientClass<Client> };
    if (PrismaClient !== undefined) return PrismaClient;
  } catch (cause) {
    throw new PrismaClientMissingError({ cause });
  }
  throw new PrismaClientMissingError();
}

function construct<Client>(Generated: PrismaClientClass<Client>, adapter: PrismaAdapter, standard: boolean): Client {
  try {
    return new Generated({ adapter });
  } catch (cause) {
    // Where it was never generated, the class is there and throws.
    if (standard) throw new PrismaClientMissingError({ cause });
    throw cause;
  }
}
