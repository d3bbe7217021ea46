import { classifyFailure, type Failure } from '../../libs/database/src/core/failure.js';
import { Database } from '../../libs/database/src/drivers/database.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { Prisma, PrismaClient } from '../../src/generated/prisma/client.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';

type Transaction = Prisma.TransactionClient;
const SERIALIZABLE = { isolationLevel: Prisma.TransactionIsolationLevel.Serializable };

/** What failures really look like, of real Prisma on a real PostgreSQL (G17). */
describe('failures of the database', () => {
  let server: TestDatabase;
  const open: { database: Database; prisma: PrismaClient }[] = [];
  let database: Database;
  let prisma: PrismaClient;

  function connect(options: { url?: string; connectionLimit?: number; poolTimeout?: number } = {}) {
    const one = new Database({ url: server.url, poolTimeout: 10_000, ...options });
    const client = new PrismaClient({ adapter: one.adapter });
    open.push({ database: one, prisma: client });
    return { database: one, prisma: client };
  }

  beforeAll(async () => {
    server = await PostgresEnv.database();
    await prepareDatabase(server.url);
    await prismaSetUp();
  });

  async function prismaSetUp(): Promise<void> {
    const { database: one } = connect();
    await one.pool.query('CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)');
    await one.pool.query('CREATE TABLE parent (id int PRIMARY KEY)');
    await one.pool.query(
      'CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)',
    );
  }

  beforeEach(async () => {
    ({ database, prisma } = connect());
    await database.pool.query('TRUNCATE counter');
    await database.pool.query('INSERT INTO counter VALUES (1, 0), (2, 0)');
  });
  afterEach(async () => {
    for (const one of open.splice(0)) {
      await one.prisma.$disconnect();
      await one.database.close();
    }
  });
  afterAll(async () => server.drop());

  const failureOf = async (work: Promise<unknown>): Promise<Failure> =>
    work.then(
      () => {
        throw new Error('It did not fail.');
      },
      (error: unknown) => classifyFailure(error),
    );

  /** Two transactions whose first steps are both done before the second step of any; what became of them. */
  async function both(
    steps: (tx: Transaction, me: 1 | 2, step: 1 | 2) => Promise<unknown>,
    options: object = {},
  ): Promise<PromiseSettledResult<unknown>[]> {
    let waiting = 0;
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const run = (me: 1 | 2): Promise<unknown> =>
      prisma.$transaction(
        async (tx) => {
          await steps(tx, me, 1);
          if (++waiting === 2) go();
          await gate;
          await steps(tx, me, 2);
        },
        { timeout: 20_000, ...options },
      );
    return Promise.allSettled([run(1), run(2)]);
  }

  const failuresIn = (results: PromiseSettledResult<unknown>[]): Failure[] =>
    results.flatMap((result) => (result.status === 'rejected' ? [classifyFailure(result.reason)] : []));

  it('write conflicts of raw SQL', async () => {
    const results = await both(
      (tx, _me, step) =>
        step === 1
          ? tx.$queryRaw`SELECT n FROM counter WHERE id = 1`
          : tx.$executeRaw`UPDATE counter SET n = n + 1 WHERE id = 1`,
      SERIALIZABLE,
    );
    expect(failuresIn(results)).toEqual([{ kind: 'conflict', sqlState: '40001' }]);
  });

  it('write conflicts of model calls', async () => {
    const id = 'ws-gestoria-sol';
    const results = await both(
      (tx, me, step) =>
        step === 1
          ? tx.workspace.findUnique({ where: { id } })
          : tx.workspace.update({ where: { id }, data: { name: `name ${me}` } }),
      SERIALIZABLE,
    );
    expect(failuresIn(results).map(({ kind }) => kind)).toEqual(['conflict']);
  });

  it('conflicts that only COMMIT finds', async () => {
    const results = await both(
      (tx, me, step) =>
        step === 1
          ? tx.$queryRaw`SELECT sum(n) FROM counter`
          : tx.$executeRaw`INSERT INTO counter VALUES (${10 + me}, 1)`,
      SERIALIZABLE,
    );
    expect(failuresIn(results).map(({ kind }) => kind)).toEqual(['conflict']);
  });

  it('deadlocks', async () => {
    const results = await both((tx, me, step) => {
      const id = step === 1 ? me : 3 - me;
      return tx.$executeRaw`UPDATE counter SET n = n + 1 WHERE id = ${id}`;
    });
    expect(failuresIn(results)).toEqual([{ kind: 'conflict', sqlState: '40P01' }]);
  });

  it('locks that are not free', async () => {
    await prisma.$transaction(async (tx) => {
      await tx.$executeRaw`UPDATE counter SET n = 1 WHERE id = 1`;
      expect(await failureOf(prisma.$queryRaw`SELECT * FROM counter WHERE id = 1 FOR UPDATE NOWAIT`)).toEqual({
        kind: 'lock',
        sqlState: '55P03',
      });
    });
  });

  it('broken rules, at once and at COMMIT', async () => {
    const again = prisma.workspace.create({ data: { id: 'ws-gestoria-sol', name: 'again', slug: 'again' } });
    expect((await failureOf(again)).kind).toBe('constraint');
    expect(await failureOf(prisma.$executeRaw`INSERT INTO counter VALUES (1, 1)`)).toEqual({
      kind: 'constraint',
      sqlState: '23505',
    });
    const deferred = prisma.$transaction(async (tx) => tx.$executeRaw`INSERT INTO child VALUES (1, 99)`);
    expect((await failureOf(deferred)).kind).toBe('constraint');
  });

  it('statements that take too long', async () => {
    const slow = prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SET LOCAL statement_timeout = 10`;
      await tx.$queryRaw`SELECT 1 FROM pg_sleep(5)`;
    });
    expect(await failureOf(slow)).toEqual({ kind: 'cancelled', sqlState: '57014' });
  });

  it('transactions that take too long', async () => {
    const endless = async (tx: Transaction): Promise<never> => {
      for (;;) await tx.$queryRaw`SELECT 1`;
    };
    const slow = prisma.$transaction(endless, { timeout: 20 });
    expect((await failureOf(slow)).kind).toBe('expired');
  });

  it('writes to a server that takes none', async () => {
    const write = prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SET TRANSACTION READ ONLY`;
      await tx.$executeRaw`UPDATE counter SET n = 1`;
    });
    expect(await failureOf(write)).toEqual({ kind: 'read-only', sqlState: '25006' });
  });

  it.each(['a statement', 'a transaction'])('a connection that is killed in %s', async (what) => {
    const victim = connect({ connectionLimit: 1 });
    const pid = async (tx: Transaction | PrismaClient): Promise<number> => {
      const [row] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
      return row?.pid ?? 0;
    };
    const kill = async (id: number): Promise<unknown> =>
      database.pool.query('SELECT pg_terminate_backend($1, 5000)', [id]);
    if (what === 'a transaction') {
      const broken = victim.prisma.$transaction(async (tx) => {
        await kill(await pid(tx));
        await tx.$executeRaw`UPDATE counter SET n = 5`;
      });
      expect((await failureOf(broken)).kind).toBe('lost');
      return;
    }
    const id = await pid(victim.prisma);
    const broken = failureOf(victim.prisma.$queryRaw`SELECT 1 FROM pg_sleep(30)`);
    const sleeps = async (): Promise<boolean> => {
      const { rowCount } = await database.pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'`,
        [id],
      );
      return rowCount === 1;
    };
    // Before that it would be an idle connection, which the pool replaces.
    await eventually(sleeps, { what: 'the statement runs' });
    await kill(id);
    expect((await broken).kind).toBe('lost');
  });

  it('a server that is not there, and a name that is none', async () => {
    const proxy = await RedisEnv.proxy({ port: 1 });
    const port = proxy.port;
    await proxy.stop(); // nobody listens there now
    const nowhere = connect({ url: `postgresql://nobody@127.0.0.1:${port}/x` });
    expect((await failureOf(nowhere.prisma.$queryRaw`SELECT 1`)).kind).toBe('refused');
    const nameless = connect({ url: 'postgresql://nobody@name.invalid:5432/x' });
    expect((await failureOf(nameless.prisma.$queryRaw`SELECT 1`)).kind).toBe('refused');
  });

  it('a pool without a free connection', async () => {
    const small = connect({ connectionLimit: 1, poolTimeout: 50 });
    // To make a connection may take longer than that; one that is there is lent at once.
    await eventually(() => small.database.pool.query('SELECT 1'), { what: 'there is a connection' });
    await small.prisma.$transaction(async () => {
      expect((await failureOf(small.prisma.$queryRaw`SELECT 1`)).kind).toBe('saturated');
    });
  });

  it('mistakes in programs', async () => {
    expect(await failureOf(prisma.$queryRaw`SELECT nothing FROM nowhere`)).toEqual({
      kind: 'other',
      sqlState: '42P01',
    });
    expect((await failureOf(prisma.workspace.update({ where: { id: 'none' }, data: {} }))).kind).toBe('other');
  });
});
