import { Database } from '../../libs/database/src/drivers/database.js';
import { withRetries } from '../../libs/database/src/features/retries.js';
import { Transactions } from '../../libs/database/src/features/transactions.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { type Prisma, PrismaClient } from '../../src/generated/prisma/client.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { RedisEnv } from '../support/redis-env.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

const USER = { id: 'u-ana', email: 'ana@example.org', name: 'Ana' };

describe('single operations', () => {
  let server: TestDatabase;
  let line: TcpProxy;
  let database: Database;
  let direct: Database;
  const clients: PrismaClient[] = [];
  let retried: { kind: string; attempt: number }[];
  let onRetry: () => Promise<void> | void;

  /** The client with retries. */
  function client(options: Parameters<typeof withRetries>[0] = {}) {
    const prisma = new PrismaClient({ adapter: database.adapter });
    clients.push(prisma);
    return prisma.$extends(
      withRetries({
        ...options,
        onRetry: ({ kind, attempt }) => {
          retried.push({ kind, attempt });
          void onRetry();
        },
      }),
    );
  }

  beforeAll(async () => {
    server = await PostgresEnv.database();
    await prepareDatabase(server.url);
    direct = new Database({ url: server.url });
  });
  beforeEach(async () => {
    const url = new URL(server.url);
    line = await RedisEnv.proxy({ host: url.hostname, port: Number(url.port) });
    url.port = String(line.port);
    database = new Database({ url: url.href });
    retried = [];
    onRetry = () => undefined;
  });
  afterEach(async () => {
    await direct.pool.query(`DELETE FROM "User" WHERE id = 'u-ana'`);
    for (const one of clients.splice(0)) await one.$disconnect();
    await database.close();
    await line.stop();
  });
  afterAll(async () => {
    await direct.close();
    await server.drop();
  });

  /** Ends every connection of the database but the one that asks. */
  const cutAll = () =>
    direct.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
  const kindsOf = () => retried.map(({ kind }) => kind);

  it('name what is wrong with their options', () => {
    expect(() => withRetries({ deadline: 0, idempotent: true as never })).toThrow(
      /2 invalid options[^]*deadline[^]*idempotent/,
    );
  });

  it('are repeated while there is no server, whatever they do: nothing was sent', async () => {
    const prisma = client();
    line.cut();
    onRetry = () => line.heal();
    expect(await prisma.user.create({ data: USER })).toMatchObject({ id: 'u-ana' });
    expect(new Set(kindsOf())).toEqual(new Set(['refused']));
    expect(await prisma.user.count({ where: { id: 'u-ana' } })).toBe(1);
  });

  it('that read are repeated once when their connection is lost', async () => {
    const prisma = client();
    await prisma.user.count();
    await cutAll();
    // Whether the pool has heard of it yet is a matter of a moment; the caller does not notice in either case.
    expect(await prisma.user.count()).toBeGreaterThan(0);
    expect(kindsOf().length).toBeLessThanOrEqual(1);
  });

  it('that write are not repeated when their connection is lost: they may have been done', async () => {
    const prisma = client();
    const lost = prisma.$executeRaw`INSERT INTO "User" (id, email, name, "updatedAt") SELECT 'u-ana', 'a@b.c', 'Ana', now() FROM pg_sleep(30)`;
    const failing = lost.then(
      () => 'done',
      () => 'failed',
    );
    await eventuallySleeping(direct, 'INSERT INTO "User"');
    await cutAll();
    expect([await failing, retried]).toEqual(['failed', []]);
  });

  it('that write are repeated then when their author calls them idempotent', async () => {
    const prisma = client({ idempotent: ({ operation }) => operation === '$queryRaw' });
    await direct.pool.query('CREATE TABLE pace AS SELECT 30::float8 AS seconds');
    const answered = prisma.$queryRaw`SELECT 1 AS one FROM pg_sleep((SELECT seconds FROM pace))`.then((rows) => rows);
    await eventuallySleeping(direct, 'FROM pace');
    await direct.pool.query('UPDATE pace SET seconds = 0');
    await cutAll();
    expect([await answered, kindsOf()]).toEqual([[{ one: 1 }], ['lost']]);
  });

  it('are not repeated when they break a rule', async () => {
    const prisma = client();
    await prisma.user.create({ data: USER });
    await expect(prisma.user.create({ data: USER })).rejects.toMatchObject({ code: 'P2002' });
    expect(retried).toEqual([]);
  });

  it('end with the original error when their time is over', async () => {
    const prisma = client({ deadline: 1_500 });
    line.cut();
    await expect(prisma.user.count()).rejects.toMatchObject({
      code: expect.stringMatching(/^(DATABASE_UNREACHABLE|P1001)$/),
    });
    expect(retried.length).toBeGreaterThan(0);
  });

  it('of a transaction are left to the transaction', async () => {
    const prisma = client();
    await expect(
      prisma.$transaction(async (tx) => {
        await tx.user.create({ data: USER });
        await cutAll();
        return tx.user.count();
      }),
    ).rejects.toThrow();
    await expect(
      prisma.$transaction([prisma.user.create({ data: USER }), prisma.user.create({ data: USER })]),
    ).rejects.toMatchObject({ code: 'P2002' });
    expect(retried).toEqual([]);
    expect(await direct.pool.query(`SELECT 1 FROM "User" WHERE id = 'u-ana'`)).toMatchObject({ rowCount: 0 });
  });

  describe('that leave their transaction by mistake', () => {
    const open = () => {
      const prisma = client();
      return { prisma, transactions: new Transactions<Prisma.TransactionClient>(prisma as never, { database }) };
    };
    const OUTER = { code: 'DATABASE_OUTER_CLIENT' };

    it('are found out and named, by whatever way they leave', async () => {
      const { prisma, transactions } = open();
      const inside = (work: () => Promise<unknown>) => transactions.run(work);
      await expect(inside(() => prisma.user.count())).rejects.toMatchObject(OUTER);
      await expect(inside(() => prisma.$queryRaw`SELECT 1`)).rejects.toMatchObject(OUTER);
      await expect(inside(() => prisma.$transaction([prisma.user.count()]))).rejects.toMatchObject(OUTER);
      await expect(inside(() => prisma.$transaction(async (tx) => tx.user.count()))).rejects.toMatchObject(OUTER);
      await expect(inside(() => database.pool.query('SELECT 1'))).rejects.toMatchObject(OUTER);
      expect(retried).toEqual([]);
      expect(database.stats()).toMatchObject({ active: 0, waiting: 0 });
    });

    it('may, when it is said; the transaction itself goes on', async () => {
      const { prisma, transactions } = open();
      await transactions
        .run(async (tx) => {
          await tx.user.count();
          await transactions.outside(() => prisma.user.create({ data: USER }));
          throw new Error('rolled back');
        })
        .catch(() => undefined);
      expect(await prisma.user.count({ where: { id: 'u-ana' } })).toBe(1);
    });

    it('do not disturb others, nor what follows', async () => {
      const { prisma, transactions } = open();
      const [, count] = await Promise.all([
        transactions.run(async (tx) => tx.$executeRawUnsafe('SELECT pg_sleep(0.05)')),
        prisma.user.count(),
      ]);
      expect(await transactions.run((tx) => tx.user.count())).toBe(count);
      expect(await prisma.user.count()).toBe(count);
    });
  });
});

/** A statement with this text sleeps: not one of a test before, whose end the server has not seen yet. */
async function eventuallySleeping(direct: Database, text: string): Promise<void> {
  for (;;) {
    const { rowCount } = await direct.pool.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND strpos(query, $1) > 0 AND wait_event = 'PgSleep' AND pid <> pg_backend_pid()`,
      [text],
    );
    if (rowCount) return;
  }
}
