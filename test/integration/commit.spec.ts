import { setImmediate as nextTurn } from 'node:timers/promises';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import type { CacheOptions } from '../../libs/cache/src/instance/cache-options.js';
import { Database } from '../../libs/database/src/drivers/database.js';
import { Transactions } from '../../libs/database/src/features/transactions.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { type Prisma, PrismaClient } from '../../src/generated/prisma/client.js';
import { redisOptions } from '../support/cache.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { Program } from '../support/program.js';

type Client = Prisma.TransactionClient;

const STORES: [string, () => CacheOptions][] = [
  ['memory', () => ({})],
  ['Redis', () => ({ redis: redisOptions(), l1: false })],
  ['Redis and a tier', () => ({ redis: redisOptions() })],
  ['Redis, with a fence', () => ({ redis: redisOptions(), fence: true })],
];

let server: TestDatabase;
let direct: Database;

beforeAll(async () => {
  server = await PostgresEnv.database();
  await prepareDatabase(server.url);
  direct = new Database({ url: server.url });
  await direct.pool.query('CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)');
});
beforeEach(async () => {
  await direct.pool.query('TRUNCATE counter');
  await direct.pool.query('INSERT INTO counter VALUES (1, 0), (2, 0)');
});
afterAll(async () => {
  await direct.close();
  await server.drop();
});

/** Cache and transactions of one database (G16). */
describe.each(STORES)('a cache beside transactions, in %s', (_name, optionsOf) => {
  let database: Database;
  let prisma: PrismaClient;
  let transactions: Transactions<Client>;
  let cache: CacheInstance;

  beforeEach(async () => {
    database = new Database({ url: server.url });
    prisma = new PrismaClient({ adapter: database.adapter });
    transactions = new Transactions<Client>(prisma, { database });
    cache = new CacheInstance({ ...optionsOf(), unitOfWork: database.unitOfWork });
    await cache.connect();
  });
  afterEach(async () => {
    await cache.close();
    await prisma.$disconnect();
    await database.close();
  });

  const row = async (id: number): Promise<number> => {
    const rows = await transactions.client.$queryRaw<{ n: number }[]>`SELECT n FROM counter WHERE id = ${id}`;
    return rows[0]?.n ?? -1;
  };
  const add = (id = 1) => transactions.client.$executeRaw`UPDATE counter SET n = n + 1 WHERE id = ${id}`;
  const read = (id = 1): Promise<number> =>
    cache.manager.getOrSet(`n:${id}`, () => row(id), { tags: ['counters', `counter-${id}`] });
  /** What a caller outside of the running transaction gets. */
  const outside = (id = 1): Promise<number> => transactions.outside(() => read(id));
  const loads = (): number => cache.engine.counts.loads;

  const INVALIDATIONS: [string, () => Promise<unknown>][] = [
    ['delete', () => cache.manager.delete('n:1')],
    ['invalidateByTag', () => cache.manager.invalidateByTag('counter-1')],
    ['invalidatePattern', () => cache.manager.invalidatePattern('n:*')],
    ['clear', () => cache.manager.clear()],
    ['set', () => cache.manager.set('n:1', 99)],
    ['put', () => cache.manager.put('n:1', () => 99)],
  ];

  it.each(INVALIDATIONS)(
    '%s takes effect after the commit, also for what was cached before it',
    async (_, invalidate) => {
      expect(await read()).toBe(0);
      await transactions.run(async () => {
        await add();
        await invalidate();
        expect(await outside()).toBe(0);
        expect(loads()).toBe(1); // a hit: nobody was disturbed
      });
      expect(await read()).toBe(1);
    },
  );

  it.each(INVALIDATIONS)('%s also voids what was loaded between it and the commit', async (_, invalidate) => {
    await transactions.run(async () => {
      await add();
      await invalidate();
      expect(await outside()).toBe(0); // loads the old row and stores it
      expect(await outside()).toBe(0);
    });
    expect(await read()).toBe(1);
  });

  it.each(INVALIDATIONS)('%s never happens when the transaction is rolled back', async (_, invalidate) => {
    expect(await read()).toBe(0);
    const failed = transactions.run(async () => {
      await add();
      await invalidate();
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await read()).toBe(0);
    expect(loads()).toBe(1);
  });

  it('drops the invalidations of a part that is rolled back, and keeps those of the others', async () => {
    await read(1);
    await read(2);
    await transactions.run(async () => {
      await add(1);
      await cache.manager.delete('n:1');
      await transactions
        .run(async () => {
          await add(2);
          await cache.manager.delete('n:2');
          throw new Error('only this');
        })
        .catch(() => undefined);
    });
    expect([await read(1), await read(2), loads()]).toEqual([1, 0, 3]);
  });

  it('invalidates for the attempt that is committed, once', async () => {
    await read(1);
    await read(2);
    let attempt = 0;
    await transactions.run(
      async (tx) => {
        const id = ++attempt === 1 ? 2 : 1;
        await add(id);
        await cache.manager.delete(`n:${id}`);
        if (attempt === 1) await tx.$executeRaw`DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$`;
      },
      { isolation: 'Serializable' },
    );
    expect([attempt, await read(1), await read(2), loads()]).toEqual([2, 1, 0, 3]);
  });

  it('reads past the cache inside a transaction: it sees its own writes, and nobody else does', async () => {
    expect(await read()).toBe(0);
    const failed = transactions.run(async () => {
      await add();
      expect(await read()).toBe(1);
      expect(await cache.manager.get('n:1')).toBeUndefined();
      expect(await cache.manager.exists('n:1')).toBe(false);
      expect(await cache.manager.getOrSetMany(['n:1'], async () => [await row(1)])).toEqual([1]);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect([await read(), loads()]).toEqual([0, 1]);
    expect(cache.engine.counts.bypassed).toBe(4);
  });

  it('stores nothing of a transaction, not even what it set', async () => {
    await transactions.run(async () => {
      await add();
      expect(await cache.manager.set('n:1', 1)).toBe(false);
      expect(await cache.manager.put('n:2', () => 2)).toBe(2);
    });
    expect((await cache.manager.getStats()).keys).toBe(0);
    await expect(transactions.run(() => cache.manager.set('n:1', () => 1))).rejects.toMatchObject({
      code: 'CACHE_INVALID_VALUE',
    });
  });

  it('counts at once: a counter is no row', async () => {
    await transactions.run(() => cache.manager.increment('count')).catch(() => undefined);
    expect(await cache.manager.increment('count')).toBe(2);
  });

  it('shows no reader anything older than what was committed before it began', async () => {
    let committed = 0;
    const seen: [number, number][] = [];
    let writing = true;
    const reader = async (): Promise<void> => {
      while (writing) {
        const floor = committed;
        seen.push([floor, await read()]);
        await nextTurn(); // hits of this process alone would let nobody else in
      }
    };
    const writer = async (): Promise<void> => {
      for (let i = 1; i <= 40 || seen.length <= 20; i++) {
        await transactions.run(async () => {
          await add();
          await (i % 2 === 0 ? cache.manager.delete('n:1') : cache.manager.invalidateByTag('counters'));
        });
        committed = i;
      }
      writing = false;
    };
    await Promise.all([writer(), ...Array.from({ length: 4 }, reader)]);
    expect(seen.filter(([floor, value]) => value < floor)).toEqual([]);
    expect(seen.length).toBeGreaterThan(20);
  });
});

/** The gap between COMMIT and invalidation, in which a process may die (G16, protocol rule 15). */
describe('a fence', () => {
  const opened: CacheInstance[] = [];
  let options: CacheOptions;
  let database: Database;
  let prisma: PrismaClient;
  let transactions: Transactions<Client>;

  beforeEach(() => {
    options = { redis: redisOptions(), fence: true };
    database = new Database({ url: server.url });
    prisma = new PrismaClient({ adapter: database.adapter });
    transactions = new Transactions<Client>(prisma, { database });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((cache) => cache.close()));
    await prisma.$disconnect();
    await database.close();
  });

  async function open(changes: CacheOptions = {}): Promise<CacheInstance> {
    const cache = new CacheInstance({ ...options, unitOfWork: database.unitOfWork, ...changes });
    opened.push(cache);
    await cache.connect();
    return cache;
  }
  const row = async (): Promise<number> => {
    const { rows } = await direct.pool.query<{ n: number }>('SELECT n FROM counter WHERE id = 1');
    return rows[0]?.n ?? -1;
  };
  const read = ({ manager }: CacheInstance): Promise<number> =>
    manager.getOrSet('n', row, { tags: ['counters'], ttl: 3_600 });
  const add = (tx: Client) => tx.$executeRaw`UPDATE counter SET n = n + 1 WHERE id = 1`;

  it.each(['key', 'tag'])('keeps everybody from storing what is loaded around the COMMIT (%s)', async (by) => {
    const [mine, other] = [await open(), await open({ unitOfWork: undefined })];
    expect([await read(mine), await read(other)]).toEqual([0, 0]);
    const during: unknown[] = [];
    await transactions.run(async (tx) => {
      await add(tx);
      await (by === 'key' ? mine.manager.delete('n') : mine.manager.invalidateByTag('counters'));
      // After the fence is up, in the order in which they were asked for; before COMMIT.
      transactions.beforeCommit(async () => {
        await eventuallyFenced(other);
        during.push(await read(other), await other.manager.set('n', 77, { tags: ['counters'] }));
        during.push(await other.manager.put('n', row, { tags: ['counters'] }));
        await other.manager.delete('n');
        await other.manager.invalidateByTag('counters');
        during.push(await read(other), (await other.manager.getStats()).keys);
      });
    });
    expect(during).toEqual([0, false, 0, 0, by === 'key' ? 0 : expect.any(Number)]);
    expect([await read(mine), await read(other)]).toEqual([1, 1]);
    expect(other.engine.counts.fills + mine.engine.counts.fills).toBeGreaterThan(0);
    const { loads } = other.engine.counts;
    expect([await read(other), other.engine.counts.loads]).toEqual([1, loads]); // lifted: cached again
  });

  /** The other process finds that it cannot store. */
  async function eventuallyFenced(other: CacheInstance): Promise<void> {
    for (;;) {
      const { fills, loads } = other.engine.counts;
      await read(other);
      await nextTurn();
      if (other.engine.counts.loads > loads && other.engine.counts.fills === fills) return;
    }
  }

  it.each(['key', 'tag'])('of two transactions stands until both are done (%s)', async (by) => {
    const [cache, other] = [await open(), await open()];
    const invalidate = (): Promise<unknown> =>
      by === 'key' ? cache.manager.delete('n') : cache.manager.invalidateByTag('counters');
    let second: Promise<void> | undefined;
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let fenced = (): void => undefined;
    const isFenced = new Promise<void>((resolve) => (fenced = resolve));
    await transactions.run(async (tx) => {
      await add(tx);
      await invalidate();
      second = transactions.outside(() =>
        transactions.run(async () => {
          await invalidate();
          transactions.beforeCommit(async () => {
            await eventuallyFenced(other);
            fenced();
            await gate;
          });
        }),
      );
      await isFenced;
    });
    await eventuallyFenced(other);
    release();
    await second;
    expect([await read(other), await read(other)]).toEqual([1, 1]);
    const { fills } = other.engine.counts;
    expect(fills).toBeGreaterThan(0);
  });

  it('goes with a transaction that is rolled back at COMMIT', async () => {
    await direct.pool.query(`CREATE TABLE IF NOT EXISTS parent (id int PRIMARY KEY)`);
    await direct.pool.query(
      `CREATE TABLE IF NOT EXISTS child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`,
    );
    const cache = await open();
    await read(cache);
    const failed = transactions.run(async (tx) => {
      await tx.$executeRaw`INSERT INTO child VALUES (1)`;
      await cache.manager.delete('n');
    });
    await expect(failed).rejects.toThrow();
    expect([await read(cache), await read(cache)]).toEqual([0, 0]);
    expect(cache.engine.counts.fills).toBe(2);
  });

  it('does not stop a transaction when Redis is away, and is counted as missing', async () => {
    const cache = await open({ redis: { ...redisOptions(), host: '127.0.0.1', url: 'redis://127.0.0.1:1' } }).catch(
      () => opened.at(-1) as CacheInstance,
    );
    await transactions.run(async (tx) => {
      await add(tx);
      await cache.manager.delete('n');
    });
    expect([await row(), cache.engine.counts.unfenced, cache.engine.remembered]).toEqual([1, 1, 1]);
  });

  it.each([
    ['with it nobody reads what is older', 'true', 1],
    ['without it everybody may: that is what it is for', 'false', 0],
  ])('is for a process that dies between COMMIT and invalidation: %s', async (_, fence, expected) => {
    const cache = await open({ fence: fence === 'true' });
    expect(await read(cache)).toBe(0);
    const program = await Program.start('test/integration/commit-worker.ts', {
      DATABASE_URL: server.url,
      REDIS: JSON.stringify(options.redis),
      FENCE: fence,
    });
    await expect(program.call('addAndDie')).rejects.toMatchObject({ code: 'PROGRAM_ENDED' });
    await program.ended;
    expect(await row()).toBe(1); // it was committed
    await cache.near?.catchUp();
    expect(await read(cache)).toBe(expected);
  });
});
