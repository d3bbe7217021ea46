import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { applyMigrations } from '@mobius1/database';

const SERVER = process.env.TEST_DATABASE_URL;

describe('applyMigrations', () => {
  let directory: string;
  let url: string;
  let schema: string;
  let client: pg.Client;

  beforeEach(async () => {
    if (SERVER === undefined)
      throw new Error('TEST_DATABASE_URL is not set: the global setup of Jest starts PostgreSQL');
    // A schema of its own is as good as a database, and cheaper; a capital and a blank test the quoting.
    schema = `Migrations ${randomUUID()}`;
    const withSchema = new URL(SERVER);
    withSchema.searchParams.set('schema', schema);
    url = withSchema.href;
    directory = await mkdtemp(join(tmpdir(), 'migrations-'));
    client = new pg.Client({ connectionString: SERVER });
    await client.connect();
    await client.query(`SET search_path = "${schema}"`);
  });

  afterEach(async () => {
    await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    await client.end();
    await rm(directory, { recursive: true });
  });

  const write = async (name: string, sql: string): Promise<void> => {
    await mkdir(join(directory, name), { recursive: true });
    await writeFile(join(directory, name, 'migration.sql'), sql);
  };
  const migrate = (lockTimeout?: number) =>
    applyMigrations({ url, directory, ...(lockTimeout === undefined ? {} : { lockTimeout }) });
  const history = async () =>
    (
      await client.query(
        'SELECT migration_name AS name, finished_at IS NOT NULL AS finished, logs FROM _prisma_migrations ORDER BY started_at',
      )
    ).rows;

  it('applies each file once, in order, into the schema of the URL', async () => {
    await write('2_fill', `INSERT INTO things VALUES ('a;b'); DO $$ BEGIN PERFORM 1; END $$;`);
    await write('1_create', 'CREATE TABLE things (name text)');
    await expect(migrate()).resolves.toEqual({ applied: ['1_create', '2_fill'], edited: [], unknown: [] });
    await expect(migrate()).resolves.toEqual({ applied: [], edited: [], unknown: [] });
    expect((await client.query('SELECT name FROM things')).rows).toEqual([{ name: 'a;b' }]);
  });

  it('refuses a lockTimeout that would be none', async () => {
    await expect(migrate(0)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  it('lets processes that start at the same time apply everything once', async () => {
    await write('1_create', 'CREATE TABLE things (name text)');
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate()));
    expect(results.flatMap(({ applied }) => applied)).toEqual(['1_create']);
  });

  it('rolls a failing file back, keeps its reason and goes no further until that is resolved', async () => {
    await write('1_wrong', 'CREATE TABLE things (name text); SELECT 1/0');
    await write('2_never', 'CREATE TABLE more (name text)');
    await expect(migrate()).rejects.toMatchObject({ code: 'MIGRATION_FAILED', migration: '1_wrong' });
    expect(await history()).toEqual([{ name: '1_wrong', finished: false, logs: 'division by zero' }]);
    expect((await client.query(`SELECT to_regclass('things') AS things`)).rows).toEqual([{ things: null }]);
    await expect(migrate()).rejects.toMatchObject({ code: 'MIGRATION_UNFINISHED', migration: '1_wrong' });

    await client.query('UPDATE _prisma_migrations SET rolled_back_at = now()');
    await write('1_wrong', 'CREATE TABLE things (name text)');
    await expect(migrate()).resolves.toMatchObject({ applied: ['1_wrong', '2_never'] });
  });

  it('records the failure of a file with a transaction of its own', async () => {
    await write('1_wrong', 'BEGIN; SELECT 1/0; COMMIT');
    await expect(migrate()).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(await history()).toMatchObject([{ logs: 'division by zero' }]);
  });

  it('does not wait for ever for another process', async () => {
    await write('1_create', 'SELECT 1');
    await client.query('SELECT pg_advisory_lock(72707369)');
    await expect(migrate(50)).rejects.toMatchObject({ code: 'MIGRATION_LOCKED' });
  });

  it('says which directory it cannot read', async () => {
    const missing = join(directory, 'missing');
    await expect(applyMigrations({ url, directory: missing })).rejects.toMatchObject({ code: 'MIGRATION_DIRECTORY' });
  });

  it('says where no server answers, without the password', async () => {
    const nobody = 'postgresql://ana:hunter2@127.0.0.1:1/mobius';
    const failure = applyMigrations({ url: nobody, directory });
    await expect(failure).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE', place: '127.0.0.1:1/mobius' });
    await expect(failure).rejects.not.toThrow(/hunter2/);
  });
});
