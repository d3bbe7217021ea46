import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { type Ended, runProgram } from '../support/run-program.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { typeCheck } from '../support/type-check.js';

const program = (name: string): string => join(__dirname, 'programs', `${name}.ts`);

const expectClean = ({ code, stderr }: Ended): void => expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

describe('a program with a connection pool', () => {
  let server: TestDatabase;
  beforeAll(async () => {
    server = await PostgresEnv.database();
    await prepareDatabase(server.url);
  });
  afterAll(async () => server.drop());

  it('compiles in strict mode', () => {
    expect(typeCheck(['connection-pool', 'own-client', 'missing-client'].map(program))).toEqual([]);
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
