import { FakeClock } from '@mobius1/kernel';
import { Database } from '../../libs/database/src/drivers/database.js';
import { Transactions } from '../../libs/database/src/features/transactions.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { type Prisma, PrismaClient } from '../../src/generated/prisma/client.js';
import { eventually } from '../support/eventually.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { RedisEnv } from '../support/redis-env.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

type Client = Prisma.TransactionClient;
const SERIALIZABLE = { isolation: 'Serializable' } as const;

describe('transactions', () => {
  let server: TestDatabase;
  let line: TcpProxy;
  let database: Database;
  let direct: Database;
  let prisma: PrismaClient;
  let transactions: Transactions<Client>;
  const hookErrors: unknown[] = [];
  const retries: { attempt: number; kind: string }[] = [];

  beforeAll(async () => {
    server = await PostgresEnv.database();
    await prepareDatabase(server.url);
    direct = new Database({ url: server.url });
    await direct.pool.query('CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)');
  });
  beforeEach(async () => {
    await direct.pool.query('TRUNCATE counter');
    await direct.pool.query('INSERT INTO counter VALUES (1, 0), (2, 0)');
    const { hostname: host, port } = new URL(server.url);
    line = await RedisEnv.proxy({ host, port: Number(port) });
    const url = new URL(server.url);
    url.port = String(line.port);
    database = new Database({ url: url.href, poolTimeout: 10_000 });
    prisma = new PrismaClient({ adapter: database.adapter });
    transactions = new Transactions<Client>(prisma, {
      database,
      onHookError: (error) => void hookErrors.push(error),
      onRetry: ({ attempt, kind }) => void retries.push({ attempt, kind }),
    });
    hookErrors.length = 0;
    retries.length = 0;
  });
  afterEach(async () => {
    await prisma.$disconnect();
    await database.close();
    await line.stop();
  });
  afterAll(async () => {
    await direct.close();
    await server.drop();
  });

  const n = async (id = 1): Promise<number | undefined> => {
    const { rows } = await direct.pool.query<{ n: number }>('SELECT n FROM counter WHERE id = $1', [id]);
    return rows[0]?.n;
  };
  const add = (client: Client, id = 1): Promise<number> =>
    client.$executeRaw`UPDATE counter SET n = n + 1 WHERE id = ${id}`;
  const outcome = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      (value) => value,
      (error: unknown) => (error as { code?: string }).code ?? (error as Error).message,
    );

  describe('commit and roll back', () => {
    it('as their body ends', async () => {
      expect(await transactions.run(async (tx) => add(tx))).toBe(1);
      const failed = transactions.run(async (tx) => {
        await add(tx);
        throw new Error('no');
      });
      expect(await outcome(failed)).toBe('no');
      expect(await n()).toBe(1);
    });

    it.each([
      ['the pool says so', () => ({ database })],
      ['they find out themselves', () => ({})],
    ])('never when a statement failed and nobody said so: %s (G16)', async (_who, options) => {
      const done: string[] = [];
      const own = new Transactions<Client>(prisma, options());
      const result = own.run(async (tx) => {
        void own.afterCommit(() => void done.push('committed'));
        own.afterRollback(() => void done.push('rolled back'));
        await add(tx, 2);
        await outcome(tx.$executeRaw`INSERT INTO counter VALUES (1, 1)`);
      });
      expect(await outcome(result)).toBe('DATABASE_TRANSACTION_ABORTED');
      expect([await n(2), done]).toEqual([0, ['rolled back']]);
    });

    it('with the client that the code called from them finds', async () => {
      const service = { add: (): Promise<number> => add(transactions.client) };
      expect(transactions.active).toBe(false);
      await outcome(
        transactions.run(async () => {
          await service.add();
          expect(transactions.active).toBe(true);
          throw new Error('no');
        }),
      );
      expect(await n()).toBe(0);
      await service.add();
      expect(await n()).toBe(1);
    });
  });

  describe('within each other', () => {
    it('fail alone', async () => {
      await transactions.run(async (tx) => {
        await add(tx);
        const inner = transactions.run(async (part) => {
          await add(part, 2);
          throw new Error('no');
        });
        expect(await outcome(inner)).toBe('no');
        await add(tx);
      });
      expect([await n(1), await n(2)]).toEqual([2, 0]);
    });

    it('go on after a statement that failed', async () => {
      await transactions.run(async (tx) => {
        await outcome(transactions.run(async (part) => part.$executeRaw`INSERT INTO counter VALUES (1, 1)`));
        await add(tx);
      });
      expect(await n()).toBe(1);
    });

    it('at the same time: one after the other, each with its own end', async () => {
      await transactions.run(async () => {
        const parts = [1, 2, 3, 4].map((i) =>
          outcome(
            transactions.run(async (part) => {
              await add(part);
              if (i % 2 === 0) throw new Error('no');
              return i;
            }),
          ),
        );
        expect(await Promise.all(parts)).toEqual([1, 'no', 3, 'no']);
      });
      expect(await n()).toBe(2);
    });
  });

  describe('do afterwards', () => {
    it('what was to be done after the commit, once it can be seen by others', async () => {
      const seen: unknown[] = [];
      await transactions.run(async (tx) => {
        await add(tx);
        void transactions.afterCommit(async () => void seen.push(await n()));
        expect(seen).toEqual([]);
      });
      expect(seen).toEqual([1]);
    });

    it('nothing of what was rolled back, a part of it included', async () => {
      const done: string[] = [];
      const note = (what: string) => (): void => void done.push(what);
      await transactions.run(async () => {
        void transactions.afterCommit(note('whole'));
        transactions.afterRollback(note('whole undone'));
        await outcome(
          transactions.run(async () => {
            void transactions.afterCommit(note('part'));
            transactions.afterRollback(note('part undone'));
            throw new Error('no');
          }),
        );
        await transactions.run(async () => void transactions.afterCommit(note('other part')));
      });
      expect(done).toEqual(['part undone', 'whole', 'other part']);
    });

    it('at once outside of a transaction', async () => {
      const done: number[] = [];
      await transactions.afterCommit(() => void done.push(1));
      expect(done).toEqual([1]);
    });

    it('what fails there is reported, and changes nothing', async () => {
      const broken = new Error('hook');
      const result = transactions.run(async (tx) => {
        void transactions.afterCommit(() => {
          throw broken;
        });
        return add(tx);
      });
      expect(await result).toBe(1);
      expect([await n(), hookErrors]).toEqual([1, [broken]]);
    });

    it('everything once, when even the report of that fails', async () => {
      let ran = 0;
      const warning = jest.spyOn(process, 'emitWarning').mockReturnValue();
      const own = new Transactions<Client>(prisma, {
        onHookError: () => {
          throw new Error('reporter');
        },
      });
      const result = own.run(async (tx) => {
        void own.afterCommit(() => {
          ran++;
          throw new Error('hook');
        });
        return add(tx);
      });
      expect(await result).toBe(1);
      expect([await n(), ran, warning.mock.calls.length]).toEqual([1, 1, 1]);
      warning.mockRestore();
    });

    it('a transaction of its own, if it likes', async () => {
      await transactions.run(async () => {
        void transactions.afterCommit(async () => {
          await transactions.run(async (tx) => add(tx));
        });
      });
      expect(await n()).toBe(1);
    });
  });

  describe('are repeated (G17)', () => {
    it('when they conflict, with the hooks of the attempt that was committed only', async () => {
      const done: string[] = [];
      let attempts = 0;
      const both = [1, 2].map((me) =>
        transactions.run(async (tx) => {
          attempts++;
          const mine = `${me}.${attempts}`;
          void transactions.afterCommit(() => void done.push(mine));
          const rows = await tx.$queryRaw<{ n: number }[]>`SELECT n FROM counter WHERE id = 1`;
          while (attempts < 2) await tx.$queryRaw`SELECT 1`; // both have read before one writes
          await tx.$executeRaw`UPDATE counter SET n = ${(rows[0]?.n ?? 0) + 1} WHERE id = 1`;
        }, SERIALIZABLE),
      );
      await Promise.all(both);
      expect(await n()).toBe(2);
      expect(attempts).toBeGreaterThan(2);
      expect(done).toHaveLength(2);
      expect(retries.every(({ kind }) => kind === 'conflict')).toBe(true);
    });

    it('from the beginning, however deep the conflict was met', async () => {
      let outer = 0;
      await transactions.run(async (tx) => {
        outer++;
        await tx.$queryRaw`SELECT n FROM counter WHERE id = 1`;
        if (outer === 1) await direct.pool.query('UPDATE counter SET n = n + 10 WHERE id = 1');
        await transactions.run(async (part) => add(part));
      }, SERIALIZABLE);
      expect([outer, await n()]).toEqual([2, 11]);
    });

    it('when the connection is lost before COMMIT', async () => {
      let attempts = 0;
      await transactions.run(async (tx) => {
        attempts++;
        const [row] = await tx.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
        await add(tx);
        if (attempts === 1) await direct.pool.query('SELECT pg_terminate_backend($1, 5000)', [row?.pid]);
        await add(tx);
      });
      expect([attempts, await n()]).toEqual([2, 2]);
    });

    it.each([
      ['breaks a rule', (tx: Client) => tx.$executeRaw`INSERT INTO counter VALUES (1, 1)`],
      ['is a mistake', (tx: Client) => tx.$executeRaw`SELECT nothing`],
    ])('never when what they do %s', async (_what, fail) => {
      let attempts = 0;
      await outcome(
        transactions.run(async (tx) => {
          attempts++;
          await fail(tx);
        }),
      );
      expect([attempts, retries]).toEqual([1, []]);
    });

    it('never when they are told not to', async () => {
      let attempts = 0;
      const result = transactions.run(
        async (tx) => {
          attempts++;
          await tx.$queryRaw`SELECT n FROM counter WHERE id = 1`;
          await direct.pool.query('UPDATE counter SET n = n + 10 WHERE id = 1');
          await add(tx);
        },
        { ...SERIALIZABLE, retry: false },
      );
      expect(await outcome(result)).toBe('P2010');
      expect(attempts).toBe(1);
    });
  });

  it('are never repeated when the answer to COMMIT is lost; invalidations are done, certain things are not (G17)', async () => {
    const done: string[] = [];
    let attempts = 0;
    const result = transactions.run(async (tx) => {
      attempts++;
      await add(tx);
      void transactions.afterCommit(() => void done.push('invalidation'));
      void transactions.afterCertainCommit(() => void done.push('mail'));
      transactions.afterRollback(() => void done.push('undone'));
      line.freeze(); // COMMIT leaves and never arrives, or its answer does not come back
      setImmediate(() => setImmediate(() => line.cut()));
    });
    expect(await outcome(result)).toBe('DATABASE_AMBIGUOUS_COMMIT');
    expect([attempts, retries, done]).toEqual([1, [], ['invalidation']]);
  });

  it('end at their deadline, on the server, too', async () => {
    const slow = transactions.run(async (tx) => tx.$queryRaw`SELECT 1 FROM pg_sleep(30)`, { deadline: 100 });
    expect(await outcome(slow)).toBe('DATABASE_TRANSACTION_DEADLINE');
    const running = `SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND strpos(query, 'pg_sleep(30)') > 0 AND state = 'active' AND pid <> pg_backend_pid()`;
    // Client and server measure the same time, and the server may be the later one.
    await eventually(async () => (await direct.pool.query(running)).rowCount === 0, {
      what: 'the statement has ended',
    });
  });

  it('end at their deadline, whatever their body waits for', async () => {
    const clock = new FakeClock();
    const own = new Transactions<Client>(prisma, { database, clock });
    const done: string[] = [];
    let wake = (): void => undefined;
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const asleep = own.run(
      async (tx) => {
        await add(tx);
        void own.afterCommit(() => void done.push('committed'));
        own.afterRollback(() => void done.push('rolled back'));
        arrive();
        await new Promise<void>((resolve) => (wake = resolve));
      },
      { deadline: 60_000 },
    );
    const ended = outcome(asleep);
    await Promise.race([arrived, ended]);
    await clock.advance(60_000);
    expect(await ended).toBe('DATABASE_TRANSACTION_DEADLINE');
    wake();
    expect([await n(), done]).toEqual([0, ['rolled back']]);
  });

  it('leave shorter limits of the server as they are', async () => {
    const strict = new Database({ url: server.url, statementTimeout: 1_500 });
    const client = new PrismaClient({ adapter: strict.adapter });
    const limit = (deadline: number) =>
      new Transactions<Client>(client).run((tx) => tx.$queryRaw`SHOW statement_timeout`, { deadline });
    expect(await limit(60_000)).toEqual([{ statement_timeout: '1500ms' }]);
    const [shorter] = (await limit(1_000)) as { statement_timeout: string }[];
    expect(parseInt(shorter?.statement_timeout ?? '')).toBeLessThanOrEqual(1_000);
    await client.$disconnect();
    await strict.close();
  });

  it('tell a promise that outlives them', async () => {
    let late: Promise<unknown> = Promise.resolve();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    await transactions.run(async () => {
      late = gate.then(() => add(transactions.client));
    });
    open();
    expect(await outcome(late)).toBe('DATABASE_TRANSACTION_ENDED');
    expect(await n()).toBe(0);
  });

  it('name what is wrong with their options', async () => {
    const wrong = (options: object) => () => transactions.run(async () => 1, options);
    expect(wrong({ deadline: 0 })).toThrow('deadline');
    expect(wrong({ isolation: 'Chaos' })).toThrow('isolation');
    expect(wrong({ timeout: 5 })).toThrow('timeout');
    expect(() => new Transactions<Client>(prisma, { onRetry: 5 as never })).toThrow('onRetry');
  });

  it('leave nothing behind: the pool is idle afterwards', async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        outcome(
          transactions.run(async (tx) => {
            await add(tx, (i % 2) + 1);
            if (i % 3 === 0) throw new Error('no');
          }),
        ),
      ),
    );
    const { size: total, idle, waiting } = database.stats();
    expect({ idle: idle === total, waiting }).toEqual({ idle: true, waiting: 0 });
    expect([await n(1), await n(2)]).toEqual([10, 10]);
  });
});
