import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { type EndedProgram, runProgram } from '../support/run-program.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { uniquePrefix } from '../support/unique-prefix.js';
import { typeCheck } from '../support/type-check.js';

const program = (name: string): string => join(__dirname, 'programs', `${name}.ts`);

const expectClean = ({ code, stderr }: EndedProgram): void => expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

describe('a program with a connection pool', () => {
  let server: TestDatabase;
  beforeAll(async () => {
    server = await PostgresEnv.database();
    await prepareDatabase(server.url);
  });
  afterAll(async () => server.drop());

  it('compiles in strict mode', () => {
    expect(
      typeCheck(readdirSync(join(__dirname, 'programs')).map((name) => join(__dirname, 'programs', name))),
    ).toEqual([]);
  });

  it('gets a client that asks, logs, counts, and ends with the program', async () => {
    const ended = await runProgram(program('connection-pool'), { env: { DATABASE_URL: server.url } });
    expectClean(ended);
    expect(ended.said).toEqual([
      { what: 'log', query: true, id: false },
      { what: 'asked', user: null, on: 'function' },
      { what: 'stats', limit: 10, size: 1, active: 0, acquired: 1 },
      { what: 'log', query: false, id: false },
      { what: 'health', status: 'up' },
      { what: 'closed', closed: true },
    ]);
  });

  it('may bring its own client, and take everything else from the environment', async () => {
    const env = { DATABASE_URL: server.url, DB_CONNECTION_LIMIT: '3', DB_POOL_TIMEOUT: '5000' };
    const ended = await runProgram(program('own-client'), { env });
    expectClean(ended);
    expect(ended.said).toEqual([
      { what: 'before', code: 'DATABASE_POOL_STATE' },
      { what: 'wrong options', code: 'INVALID_OPTIONS' },
      { what: 'twice', code: 'DATABASE_POOL_STATE' },
      { what: 'asked', documents: 1, limit: 3 },
      { what: 'again', users: true },
    ]);
  });

  describe('and a cache', () => {
    const env = () => ({
      DATABASE_URL: server.url,
      REDIS_URL: process.env.TEST_REDIS_URL ?? '',
      REDIS_KEY_PREFIX: uniquePrefix(),
    });

    it('asks the database once for what it knows, by user, workspace, document, template, list and tag', async () => {
      const ended = await runProgram(program('query-cache'), { env: env() });
      expectClean(ended);
      expect(ended.said).toEqual([
        { what: 'first', executed: 6, user: expect.any(String), page: 2 },
        { what: 'second', executed: 6, same: true },
        { what: 'a date is a date', is: true },
        { what: 'after the tag of the query', executed: 7 },
        { what: 'after user and workspace', executed: 11 },
        {
          ...{ what: 'numbers', decimal: '12345678901234567890.123456789' },
          ...{ bigint: '9007199254740993', bytes: [1, 2, 255] },
        },
        { what: 'stats', queries: 26, executed: 12, failed: 0, hitRate: 53.8, invalidations: 4 },
      ]);
    });

    it('shows what was written at once, and what was rolled back never', async () => {
      const ended = await runProgram(program('query-invalidation'), { env: env() });
      expectClean(ended);
      expect(ended.said).toEqual([
        { what: 'before', has: false, name: expect.any(String) },
        { what: 'created', has: true },
        { what: 'renamed', name: 'Sol & Luna', has: true },
        { what: 'rolled back', has: false, asked: 0 },
        { what: 'committed', has: true, active: false },
      ]);
    });
  });

  it('is told what to do when there is no client', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'mobius-no-client-'));
    const ended = await runProgram(program('missing-client'), { env: { DATABASE_URL: server.url }, cwd });
    expectClean(ended);
    expect(ended.said).toEqual([
      {
        what: 'missing',
        code: 'DATABASE_PRISMA_CLIENT_MISSING',
        message: expect.stringMatching(/Pass your own, `\{ client: PrismaClient \}`, or run `prisma generate`/),
      },
    ]);
  });

  it('is told of every wrong variable at once', async () => {
    const env = {
      DATABASE_URL: 'mysql://ana:hunter2@host/db',
      DB_CONNECTION_LIMIT: 'many',
      DB_POOL_TIMEOUT: '-1',
      DB_ENABLE_QUERY_LOGGING: 'perhaps',
      DB_SLOW_QUERY_THRESHOLD: '1s',
    };
    const { said } = await runProgram(program('missing-client'), { env });
    expect(said).toMatchObject([{ code: 'INVALID_OPTIONS' }]);
    const { message } = said[0] as { message: string };
    for (const name of Object.keys(env)) expect(message).toContain(`${name}: expected`);
    expect(message).not.toContain('hunter2');
  });
});
