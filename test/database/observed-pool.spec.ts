import { Database } from '../../libs/database/src/drivers/database.js';
import type { DatabaseOptions } from '../../libs/database/src/core/options.js';
import { codeOf } from '../support/code-of.js';
import { eventually } from '../support/eventually.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const until = (look: () => boolean | Promise<boolean>): Promise<boolean> =>
  eventually(look, { what: 'the pool gets there' });

describe('the observed pool', () => {
  let server: TestDatabase;
  const opened: Database[] = [];
  const open = (options: DatabaseOptions = {}): Database => {
    const database = new Database({ url: server.url, connectionLimit: 2, ...options });
    opened.push(database);
    return database;
  };

  beforeAll(async () => {
    server = await PostgresEnv.database();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((database) => database.close().catch(() => undefined)));
  });
  afterAll(async () => server.drop());

  describe('has a bounded wait', () => {
    it('of time: a coded error names what is in use', async () => {
      const { pool, ...database } = hold(open({ poolTimeout: 1_000 }));
      const held = await database.all();
      await expect(pool.query('SELECT 1')).rejects.toMatchObject({
        code: 'DATABASE_POOL_TIMEOUT',
        message: expect.stringMatching(/within 1000 ms: all 2 are in use/) as string,
      });
      held.forEach((client) => client.release());
      expect(await codeOf(pool.query('SELECT 1'))).toBe('it did not fail');
    });

    it('of callers: one too many fails at once, and the others get their turn', async () => {
      const database = open({ maxWaiting: 3 });
      const held = await hold(database).all();
      const waiting = Array.from({ length: 3 }, () => codeOf(database.pool.query('SELECT 1')));
      expect(await codeOf(database.pool.query('SELECT 1'))).toBe('DATABASE_POOL_QUEUE_FULL');
      expect(database.stats()).toMatchObject({ active: 2, waiting: 3, timeouts: 1 });
      held.forEach((client) => client.release());
      expect(await Promise.all(waiting)).toEqual(Array(3).fill('it did not fail'));
    });

    it('of nobody when connections are idle, however many ask at once', async () => {
      const database = open({ maxWaiting: 0 });
      const held = await hold(database).all();
      held.forEach((client) => client.release());
      const answers = await Promise.all([1, 2].map(() => codeOf(database.pool.query('SELECT 1'))));
      expect(answers).toEqual(['it did not fail', 'it did not fail']);
    });

    it('for a server that does not answer: it was not reached, and nothing was sent', async () => {
      const url = new URL(server.url);
      const proxy = await TcpProxy.start({ host: url.hostname, port: Number(url.port) });
      url.port = String(proxy.port);
      proxy.freeze();
      const database = open({ url: url.href, poolTimeout: 100 });
      expect(await codeOf(database.pool.query('SELECT 1'))).toBe('DATABASE_UNREACHABLE');
      await proxy.stop();
    });
  });

  it('counts what it does', async () => {
    const database = open();
    const held = await hold(database).all();
    expect(database.stats()).toMatchObject({
      limit: 2,
      size: 2,
      active: 2,
      idle: 0,
      created: 2,
      closed: 0,
      acquired: 2,
    });
    const late = database.pool.query('SELECT 1');
    await until(() => database.stats().waiting === 1);
    held.forEach((client) => client.release());
    await late;
    expect(database.stats()).toMatchObject({ active: 0, idle: 2, waiting: 0, acquired: 3, timeouts: 0 });
    const { waitMs, useMs } = database.stats();
    expect([waitMs.count, useMs.count]).toEqual([3, 3]);
    expect(useMs.max).toBeGreaterThanOrEqual(useMs.p50);
    await database.close();
    await until(() => database.stats().closed === 2);
    expect(database.stats()).toMatchObject({ size: 0, active: 0 });
  });

  it('counts a connection once, however often it is given back', async () => {
    const database = open();
    const client = await database.pool.connect();
    client.release();
    expect(() => client.release()).toThrow(/already been released/);
    expect(database.stats()).toMatchObject({ active: 0, idle: 1, useMs: { count: 1 } });
  });

  it('replaces a connection when it is old', async () => {
    const database = open({ connectionLimit: 1, connectionLifetime: 100 });
    const pid = async (): Promise<unknown> =>
      (await database.pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    const first = await pid();
    await until(async () => (await pid()) !== first);
  });

  it('tells of a connection that is not given back, and who took it', async () => {
    const database = open({ leakThreshold: 30 });
    const leaks: string[] = [];
    database.events.on('leak', ({ stack }) => void leaks.push(stack));
    const forgetsToRelease = () => database.pool.connect();
    const client = await forgetsToRelease();
    await until(() => leaks.length > 0);
    expect(leaks).toEqual([expect.stringContaining('forgetsToRelease')]);
    expect(database.stats().leaks).toBe(1);
    client.release();
  });

  describe('closes', () => {
    it('after the queries under way', async () => {
      const [database, other] = [open(), open()];
      const lock = await other.pool.connect();
      await lock.query('SELECT pg_advisory_lock(1)');
      const slow = database.pool.query('SELECT pg_advisory_lock(1), 1 AS done');
      await until(() => database.stats().active === 1);
      const closed = database.close();
      await lock.query('SELECT pg_advisory_unlock(1)');
      lock.release();
      await closed;
      expect((await slow).rows).toMatchObject([{ done: 1 }]);
      expect(database.stats()).toMatchObject({ size: 0, active: 0 });
    });

    it('and turns away who waits, and who comes', async () => {
      const database = open();
      const held = await hold(database).all();
      const waiting = codeOf(database.pool.query('SELECT 1'));
      await until(() => database.stats().waiting === 1);
      const closing = database.close();
      expect(await waiting).toBe('DATABASE_CLOSED');
      expect(await codeOf(database.pool.query('SELECT 1'))).toBe('DATABASE_CLOSED');
      held.forEach((client) => client.release());
      await closing;
      expect(database.closed).toBe(true);
    });

    it('within its time: what is still in use is cut', async () => {
      const database = open({ closeTimeout: 50 });
      const endless = codeOf(database.pool.query('SELECT pg_sleep(60)'));
      await until(() => database.stats().active === 1);
      expect(await codeOf(database.close())).toBe('DATABASE_POOL_DRAIN');
      expect(await endless).toMatch(/Connection terminated/);
      await until(() => database.stats().size === 0);
    });
  });

  describe('says how the database does', () => {
    it('up', async () => {
      const health = await open().health();
      expect(health).toMatchObject({ status: 'up', pool: { limit: 2 } });
      expect(health.latencyMs).toBeGreaterThan(0);
      expect(health.reason).toBeUndefined();
    });

    it('saturated, when it answers and no connection is free', async () => {
      const database = open();
      const held = await hold(database).all();
      const waiting = database.pool.query('SELECT 1');
      await until(() => database.stats().waiting === 1);
      expect(await database.health()).toMatchObject({
        status: 'saturated',
        reason: 'every connection is in use, and callers wait',
        pool: { active: 2, waiting: 1 },
      });
      held.forEach((client) => client.release());
      await waiting;
    });

    it('up, when every connection is in use and nobody waits', async () => {
      const database = open();
      const held = await hold(database).all();
      expect(await database.health()).toMatchObject({ status: 'up', pool: { active: 2, waiting: 0 } });
      held.forEach((client) => client.release());
    });

    it('down, when there is no such database, or the password is wrong', async () => {
      const [elsewhere, stranger] = [new URL(server.url), new URL(server.url)];
      elsewhere.pathname = '/no_such_database';
      stranger.username = 'nobody';
      stranger.password = 'hunter2';
      for (const url of [elsewhere, stranger]) {
        const database = open({ url: url.href });
        expect(await codeOf(database.ping())).toBe('DATABASE_UNREACHABLE');
        const { status, reason } = await database.health();
        expect([status, reason]).toEqual(['down', expect.stringMatching(/no_such_database|nobody/)]);
        expect(reason).not.toContain('hunter2');
      }
    });

    it('down, when nothing listens', async () => {
      const database = open({ url: 'postgresql://ana:hunter2@127.0.0.1:1/nothing' });
      const { status, reason } = await database.health();
      expect([status, reason]).toEqual(['down', expect.stringMatching(/127\.0\.0\.1:1\/nothing/)]);
      expect(reason).not.toContain('hunter2');
    });
  });

  it('says what does not fit between options and server', async () => {
    expect(await open().checkSizing()).toEqual([]);
    const database = open({
      ...{ connectionLimit: 50, instances: 40, statementTimeout: 10_000, slowQueryThreshold: 20_000 },
    });
    const told: string[] = [];
    database.events.on('sizing', ({ problem }) => void told.push(problem));
    const problems = await database.checkSizing();
    expect(problems).toEqual([
      expect.stringMatching(/50 × 40 instances is 2000 connections/),
      expect.stringMatching(/Statements are ended after 10000 ms, before they count as slow/),
    ]);
    expect(told).toEqual(problems);
  });

  describe('tells slow statements', () => {
    it('by the time they run, also in transactions of Prisma, without a value', async () => {
      const [database, patient] = [open({ slowQueryThreshold: 40 }), open({ slowQueryThreshold: 60_000 })];
      const told: unknown[] = [];
      for (const { events } of [database, patient]) events.on('slowQuery', (event) => void told.push(event));
      await patient.pool.query('SELECT pg_sleep(0.06)');
      await database.pool.query(`SELECT 'hunter2', pg_sleep($1), $2::text`, [0.06, 'my secret']);
      const client = await database.pool.connect();
      await client.query('SELECT pg_sleep(0.06)');
      await expect(client.query(`DO $$ BEGIN PERFORM pg_sleep(0.06); RAISE 'no'; END $$`)).rejects.toThrow();
      client.release();
      expect(told).toMatchObject([
        { statement: 'SELECT ?, pg_sleep(?), ?::text', parameters: ['number', 'text(9)'], failed: false },
        { statement: 'SELECT pg_sleep(?)', parameters: [], failed: false },
        { statement: 'DO ?', parameters: [], failed: true },
      ]);
      expect(JSON.stringify([told, database.slowQueries()])).not.toMatch(/hunter2|my secret/);
      expect(database.slowQueries()).toHaveLength(3);
    });

    it('and says "pool short" instead when it was the queue', async () => {
      const database = open({ connectionLimit: 1, slowQueryThreshold: 1_000 });
      const told: string[] = [];
      database.events.on('slowQuery', ({ statement }) => void told.push(statement));
      database.events.on('poolShort', ({ waitMs }) => void told.push(waitMs >= 1_000 ? 'pool short' : 'too soon'));
      await Promise.all([database.pool.query('SELECT pg_sleep(1.1)'), database.pool.query('SELECT 1')]);
      expect(told.sort()).toEqual(['SELECT pg_sleep(?)', 'pool short']);
    });

    it('and says so when it was a new connection that took long', async () => {
      const database = open({ slowQueryThreshold: 0 });
      const told: string[] = [];
      database.events.on('poolShort', () => void told.push('pool short'));
      database.events.on('slowConnect', () => void told.push('slow connect'));
      await database.pool.query('SELECT 1');
      expect(told).toEqual(['slow connect']);
    });

    it('groups them by shape', async () => {
      const database = open({ slowQueryThreshold: 0 });
      for (let i = 0; i < 5; i++) await database.pool.query(`SELECT ${i} AS n`);
      const [shape] = database.slowQueries(1);
      expect(shape).toMatchObject({ statement: 'SELECT ? AS n', count: 5, failed: 0, ms: { count: 5 } });
    });
  });

  it('tells every statement only when it is asked to', async () => {
    const told: string[] = [];
    for (const enableQueryLogging of [false, true]) {
      const database = open({ enableQueryLogging });
      database.events.on('query', ({ statement }) => void told.push(`${enableQueryLogging}: ${statement}`));
      await database.pool.query('SELECT 1');
    }
    expect(told).toEqual(['true: SELECT ?']);
  });

  it('ends statements that take too long on the server', async () => {
    const database = open({ statementTimeout: 50 });
    expect(await codeOf(database.pool.query('SELECT pg_sleep(60)'))).toBe('57014');
    expect(database.stats()).toMatchObject({ size: 1, idle: 1, closed: 0 });
  });

  it('never ends the process when its server goes away', async () => {
    const database = open();
    const lost: string[] = [];
    database.events.on('idleError', ({ error }) => void lost.push(error.message));
    await database.pool.query('SELECT 1');
    const other = open();
    await other.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await until(() => lost.length === 1);
    expect(await codeOf(database.pool.query('SELECT 1'))).toBe('it did not fail');
  });
});

/** All connections of a pool, taken. */
function hold(database: Database) {
  const { pool } = database;
  return { pool, all: () => Promise.all([pool.connect(), pool.connect()]) };
}
