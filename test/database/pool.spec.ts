import { Database } from '../../libs/database/src/drivers/database.js';
import { PrismaClient } from '../../src/generated/prisma/client.js';
import { codeOf } from '../support/code-of.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';

describe('the pool', () => {
  let server: TestDatabase;
  let database: Database;
  let closed: number;

  beforeAll(async () => {
    server = await PostgresEnv.database();
  });
  beforeEach(async () => {
    database = new Database({ url: server.url, connectionLimit: 2, poolTimeout: 10_000 });
    await database.pool.query('CREATE TABLE IF NOT EXISTS counter (id int PRIMARY KEY)');
    await database.pool.query('INSERT INTO counter VALUES (1) ON CONFLICT DO NOTHING');
    closed = 0;
    database.pool.on('remove', () => closed++);
  });
  afterEach(async () => database.close());
  afterAll(async () => server.drop());

  const pid = async (): Promise<number> => {
    const { rows } = await database.pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return rows[0]?.pid ?? 0;
  };

  it('keeps a connection whose statement failed', async () => {
    const before = await pid();
    for (let i = 0; i < 20; i++) {
      expect(await codeOf(database.pool.query('INSERT INTO counter VALUES (1)'))).toBe('23505');
      expect(await codeOf(database.pool.query('SELECT nothing'))).toBe('42703');
      expect(await codeOf(database.pool.query('SELECT 1 / $1::int', [0]))).toBe('22012');
    }
    expect([await pid(), closed]).toEqual([before, 0]);
  });

  it('keeps it for Prisma, too', async () => {
    const prisma = new PrismaClient({ adapter: database.adapter });
    const before = await pid();
    for (let i = 0; i < 20; i++) {
      await expect(prisma.$executeRaw`INSERT INTO counter VALUES (1)`).rejects.toThrow();
    }
    expect([await pid(), closed]).toEqual([before, 0]);
    await prisma.$disconnect();
  });

  it('keeps it after a statement that took too long for the server', async () => {
    const before = await pid();
    // Local to the two statements: what is asked afterwards may take its time.
    expect(await codeOf(database.pool.query('SET LOCAL statement_timeout = 20; SELECT pg_sleep(30)'))).toBe('57014');
    expect([await pid(), closed]).toEqual([before, 0]);
  });

  it('gives up a connection that was killed during a statement, and goes on with another', async () => {
    const other = new Database({ url: server.url });
    const victim = await pid();
    const broken = codeOf(database.pool.query('SELECT pg_sleep(30)'));
    await other.pool.query('SELECT pg_terminate_backend($1, 5000)', [victim]);
    expect(await broken).toBe('57P01');
    expect(await pid()).not.toBe(victim);
    expect(closed).toBe(1);
    await other.close();
  });

  it('gives up a connection whose answer it did not wait for', async () => {
    const before = await pid();
    const impatient = Object.assign({ text: 'SELECT pg_sleep(60)' }, { query_timeout: 20 });
    expect(await codeOf(database.pool.query(impatient))).toBe('Query read timeout');
    expect(await pid()).not.toBe(before);
  });

  it('gives up a connection on which a statement left a transaction open', async () => {
    const before = await pid();
    expect(await codeOf(database.pool.query('BEGIN; SELECT 1 / 0'))).toBe('22012');
    expect(await pid()).not.toBe(before);
    expect(closed).toBe(1);
  });

  it('gives up a connection to a server that takes no writes', async () => {
    const before = await pid();
    await database.pool.query('SET default_transaction_read_only = on');
    expect(await codeOf(database.pool.query('INSERT INTO counter VALUES (2)'))).toBe('25006');
    expect(await pid()).not.toBe(before);
  });

  it('leaves callbacks to pg', async () => {
    const rows = await new Promise((resolve, reject) => {
      database.pool.query('SELECT 1 AS one', (error: Error | undefined, result) =>
        error ? reject(error) : resolve(result.rows),
      );
    });
    expect(rows).toEqual([{ one: 1 }]);
  });

  it('lends no more than it may, whatever fails', async () => {
    const failing = Array.from({ length: 50 }, () => codeOf(database.pool.query('INSERT INTO counter VALUES (1)')));
    expect(new Set(await Promise.all(failing))).toEqual(new Set(['23505']));
    const { size: total, idle, waiting } = database.stats();
    expect({ total: total <= 2, idle: idle === total, waiting }).toEqual({ total: true, idle: true, waiting: 0 });
    expect(closed).toBe(0);
  });
});
