import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OptionCheck } from '@mobius1/kernel';
import pg from 'pg';
import { MigrationDirectoryError, MigrationFailedError, MigrationLockedError } from '../core/errors.js';
import { checksumOf, type MigrationFile, type MigrationRecord, planMigrations } from '../core/migration.js';
import { type ResolvedDatabaseOptions, resolveDatabaseOptions } from '../core/options.js';
import { connectionFailure, reasonOf } from './connection-failure.js';
import { searchPath } from './postgres-pool.js';

/** Which migrations to apply, and where. */
export interface MigrationOptions {
  /** As in `DatabaseOptions`; its `schema` is created if it does not exist. */
  readonly url: string;
  /** Prisma's directory of migrations: `<directory>/<name>/migration.sql`. */
  readonly directory: string;
  /** How long to wait for another process that migrates the same database, in ms. @default 30000 */
  readonly lockTimeout?: number;
}

/** How the migrations of a database stand after `applyMigrations`. */
export interface MigrationResult {
  /** Names of the migrations that this call applied, in order. */
  readonly applied: readonly string[];
  /** Applied earlier, and the file has been changed since. */
  readonly edited: readonly string[];
  /** Applied earlier by a newer program: there is no file. */
  readonly unknown: readonly string[];
}

/** The number that Prisma's own engine locks, so that its CLI and this function wait for each other. */
const PRISMA_LOCK = 72_707_369;

/** A migration of a small database takes seconds; whoever builds an index for minutes sets it higher. */
const LOCK_TIMEOUT_MS = 30_000;
const DAY_MS = 24 * 3_600_000;

const LOCK_NOT_AVAILABLE = '55P03';

/** Column by column what Prisma creates. */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

/**
 * Brings a database to the state of `prisma migrate deploy` without the Prisma CLI, which a production image lacks.
 *
 * Keeps Prisma's own table of migrations, so that the CLI agrees with the result. Processes that start at the same time
 * wait for each other. Each file is sent as one query, which PostgreSQL runs as one transaction.
 *
 * @throws InvalidOptionsError, DatabaseUnreachableError, MigrationDirectoryError, MigrationLockedError, MigrationFailedError,
 * MigrationUnfinishedError
 */
export async function applyMigrations(options: MigrationOptions): Promise<MigrationResult> {
  const check = new OptionCheck('applyMigrations');
  const lockTimeout = check.integerBetween('lockTimeout', options.lockTimeout, 1, DAY_MS) ?? LOCK_TIMEOUT_MS;
  check.throwIfAny();
  const files = await readMigrations(options.directory);
  const resolved = resolveDatabaseOptions({ url: options.url }, 'applyMigrations');
  const client = await connect(resolved);
  try {
    await lock(client, lockTimeout);
    await createHistory(client, resolved.connection.schema);
    const { pending, edited, unknown } = planMigrations(files, await readHistory(client));
    for (const file of pending) await apply(client, file);
    return { applied: pending.map((file) => file.name), edited, unknown };
  } finally {
    // The lock belongs to the connection and ends with it.
    await client.end();
  }
}

async function readMigrations(directory: string): Promise<MigrationFile[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    return await Promise.all(
      names.map(async (name) => ({ name, sql: await readFile(join(directory, name, 'migration.sql'), 'utf8') })),
    );
  } catch (cause) {
    throw new MigrationDirectoryError(directory, reasonOf(cause), { cause });
  }
}

async function connect({ connection, poolTimeout, applicationName }: ResolvedDatabaseOptions): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: connection.url,
    connectionTimeoutMillis: poolTimeout,
    application_name: `${applicationName} migrations`,
    ...(connection.schema === undefined ? {} : { options: searchPath(connection.schema) }),
  });
  // A lost connection also fails the query under way, which is where it is reported.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw connectionFailure(connection.place, cause);
  }
  return client;
}

async function lock(client: pg.Client, timeout: number): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${timeout}`);
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK]);
    // The files bring their own idea of how long they wait for tables.
    await client.query('RESET lock_timeout');
  } catch (cause) {
    if (cause instanceof pg.DatabaseError && cause.code === LOCK_NOT_AVAILABLE) {
      throw new MigrationLockedError(timeout, { cause });
    }
    throw cause;
  }
}

async function createHistory(client: pg.Client, schema: string | undefined): Promise<void> {
  // Not unconditionally: IF NOT EXISTS still wants the right to create schemas.
  const known = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema ?? 'public']);
  if (known.rowCount === 0)
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${pg.escapeIdentifier(schema ?? 'public')}`);
  await client.query(CREATE_TABLE);
}

async function readHistory(client: pg.Client): Promise<MigrationRecord[]> {
  const { rows } = await client.query<MigrationRecord>(
    `SELECT "migration_name" AS "name", "checksum", "finished_at" IS NOT NULL AS "finished"
     FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL ORDER BY "started_at"`,
  );
  return rows;
}

async function apply(client: pg.Client, { name, sql }: MigrationFile): Promise<void> {
  const id = randomUUID();
  await client.query('INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name") VALUES ($1, $2, $3)', [
    id,
    checksumOf(sql),
    name,
  ]);
  try {
    await client.query(sql);
  } catch (cause) {
    await recordFailure(client, id, reasonOf(cause));
    throw new MigrationFailedError(name, reasonOf(cause), { cause });
  }
  const finish = 'UPDATE "_prisma_migrations" SET "finished_at" = now(), "applied_steps_count" = 1 WHERE "id" = $1';
  await client.query(finish, [id]);
}

/** When the connection is what failed, the unfinished row says enough; the caller throws the reason itself. */
async function recordFailure(client: pg.Client, id: string, reason: string): Promise<void> {
  try {
    // The file may have opened a transaction of its own, which refuses everything now.
    await client.query('ROLLBACK');
    await client.query('UPDATE "_prisma_migrations" SET "logs" = $2 WHERE "id" = $1', [id, reason]);
  } catch {
    return;
  }
}
