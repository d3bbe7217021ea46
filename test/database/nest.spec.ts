import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  Database,
  DatabaseHealthIndicator,
  DatabaseModule,
  DatabaseService,
  Transactional,
  TransactionService,
} from '@mobius1/database';
import { Cacheable, CacheInvalidate, CacheManagerService, CacheModule } from '@mobius1/cache';
import { UNIT_OF_WORK, type UnitOfWork } from '@mobius1/kernel';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { type Prisma, PrismaClient } from '../../src/generated/prisma/client.js';
import { eventually } from '../support/eventually.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';

@Injectable()
class Client extends PrismaClient {
  constructor(database: DatabaseService) {
    super({ adapter: database.adapter });
  }
}

@Module({ providers: [Client], exports: [Client] })
class ClientModule {
  static forRoot(): DynamicModule {
    return { module: ClientModule, global: true };
  }
}

@Injectable()
class Users {
  constructor(readonly transactions: TransactionService<Prisma.TransactionClient>) {}

  @Transactional()
  async add(id: string, then?: () => Promise<void>): Promise<string> {
    await this.transactions.client.user.create({ data: { id, email: `${id}@example.org`, name: id } });
    await then?.();
    return id;
  }

  @Transactional({ isolation: 'Serializable' })
  async addTwo(one: string, other: string, fail = false): Promise<void> {
    await this.add(one);
    await this.add(other).catch(() => undefined);
    if (fail) throw new Error('both go');
  }
}

describe('the database in Nest', () => {
  let server: TestDatabase;
  let app: TestingModule;
  const given = { ...process.env };

  beforeAll(async () => {
    server = await PostgresEnv.database();
    await prepareDatabase(server.url);
  });
  afterEach(async () => {
    await app.close();
    process.env = { ...given };
  });
  afterAll(async () => server.drop());

  async function start(options: Parameters<typeof DatabaseModule.forRoot>[0] = {}): Promise<Users> {
    const imports = [DatabaseModule.forRoot({ url: server.url, prisma: Client, ...options }), ClientModule.forRoot()];
    app = await Test.createTestingModule({ imports, providers: [Users] }).compile();
    app.useLogger(false);
    await app.init();
    return app.get(Users);
  }
  const ids = async (): Promise<string[]> => {
    const users = await app.get(Client).user.findMany({ where: { id: { startsWith: 't-' } }, orderBy: { id: 'asc' } });
    await app.get(Client).user.deleteMany({ where: { id: { startsWith: 't-' } } });
    return users.map(({ id }) => id);
  };

  describe('@Transactional', () => {
    it('commits what the method did', async () => {
      const users = await start();
      expect(await users.add('t-1')).toBe('t-1');
      expect(await ids()).toEqual(['t-1']);
    });

    it('rolls back what a method did that throws', async () => {
      const users = await start();
      const fail = (): Promise<void> => Promise.reject(new Error('no'));
      await expect(users.add('t-1', fail)).rejects.toThrow('no');
      expect(await ids()).toEqual([]);
    });

    it('is a part of the transaction that it is called from: it fails alone, or with the whole', async () => {
      const users = await start();
      await users.addTwo('t-1', 't-1');
      expect(await ids()).toEqual(['t-1']);
      await expect(users.addTwo('t-1', 't-2', true)).rejects.toThrow('both go');
      expect(await ids()).toEqual([]);
    });

    it('keeps name and length of the method', async () => {
      const { add } = await start();
      expect([add.name, add.length]).toEqual(['add', 2]);
    });

    it('runs nothing without the transaction that it promises', async () => {
      const { transactions } = await start();
      await expect(new Users(transactions).add('t-1')).rejects.toMatchObject({
        code: 'DATABASE_TRANSACTIONAL',
        message: expect.stringMatching(/@Transactional on Users\.add: its object was not made by Nest/) as string,
      });
      expect(await ids()).toEqual([]);
    });

    it('refuses wrong options where they are written', async () => {
      await start();
      const wrong = (): void => {
        class Wrong {
          async method(): Promise<void> {}
        }
        const descriptor = Object.getOwnPropertyDescriptor(Wrong.prototype, 'method') ?? {};
        Transactional({ isolation: 'Snapshot' as never, deadline: 0 })(Wrong.prototype, 'method', descriptor);
      };
      expect(wrong).toThrow(/@Transactional on Wrong\.method: 2 invalid options/);
    });
  });

  it('tells a cache of its transactions, by a token of the kernel', async () => {
    const users = await start();
    const work = app.get<UnitOfWork>(UNIT_OF_WORK);
    const seen: string[] = [];
    await users.add('t-1', async () => {
      seen.push(`active: ${work.active}`);
      await work.afterCommit(() => void seen.push('committed'));
    });
    seen.push(`active: ${work.active}`);
    expect([seen, await ids()]).toEqual([['active: true', 'committed', 'active: false'], ['t-1']]);
  });

  it('is followed by the cache of the application without being told to (G16)', async () => {
    @Injectable()
    class Names {
      constructor(
        readonly transactions: TransactionService<Prisma.TransactionClient>,
        readonly cache: CacheManagerService,
      ) {}

      @Cacheable({ key: (id: string) => `name:${id}` })
      async name(id: string): Promise<string | undefined> {
        return (await this.transactions.client.user.findUnique({ where: { id } }))?.name;
      }

      @Transactional()
      @CacheInvalidate({ key: (id: string) => `name:${id}` })
      async inside(id: string, name: string, then?: () => Promise<void>): Promise<void> {
        await this.transactions.client.user.update({ where: { id }, data: { name } });
        await then?.();
      }

      @CacheInvalidate({ key: (id: string) => `name:${id}` })
      @Transactional()
      async outside(id: string, name: string): Promise<void> {
        await this.transactions.client.user.update({ where: { id }, data: { name } });
      }
    }
    const imports = [
      DatabaseModule.forRoot({ url: server.url, prisma: Client }),
      ClientModule.forRoot(),
      CacheModule.forRoot({ redis: false }),
    ];
    app = await Test.createTestingModule({ imports, providers: [Names] }).compile();
    await app.init();
    const names = app.get(Names);
    await app.get(Client).user.create({ data: { id: 't-1', email: 't-1@example.org', name: 'first' } });
    expect(await names.name('t-1')).toBe('first');
    await names.inside('t-1', 'second', async () => {
      expect(await names.name('t-1')).toBe('second'); // its own writes
      expect(await names.transactions.outside(() => names.name('t-1'))).toBe('first');
    });
    expect(await names.name('t-1')).toBe('second');
    const failed = names.inside('t-1', 'third', () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    expect((await names.cache.getStats()).invalidations).toBe(1);
    await names.outside('t-1', 'fourth');
    expect(await names.name('t-1')).toBe('fourth');
    expect(await ids()).toEqual(['t-1']);
  });

  it('takes from the environment what the code leaves open', async () => {
    process.env.DB_CONNECTION_LIMIT = '3';
    process.env.DB_POOL_TIMEOUT = '70';
    process.env.DATABASE_URL = server.url;
    await start({ url: undefined as never });
    expect(app.get(DatabaseService).stats().limit).toBe(3);
    await app.close();
    await start({ connectionLimit: 4 });
    expect(app.get(DatabaseService).stats().limit).toBe(4);
  });

  it('takes options that a factory makes, and the environment for the rest', async () => {
    process.env.DB_POOL_TIMEOUT = '70';
    const module = DatabaseModule.forRootAsync({
      useFactory: async () => ({ url: server.url, connectionLimit: 1 }),
      prisma: Client,
    });
    app = await Test.createTestingModule({ imports: [module, ClientModule.forRoot()], providers: [Users] }).compile();
    await app.init();
    const { pool } = app.get(DatabaseService);
    // To make a connection may take longer than that; one that is there is lent at once.
    await eventually(() => pool.query('SELECT 1'), { what: 'there is a connection' });
    expect(await app.get(Users).add('t-1')).toBe('t-1');
    expect(await ids()).toEqual(['t-1']);
    const client = await pool.connect();
    await expect(pool.query('SELECT 1')).rejects.toThrow(/within 70 ms: all 1 are in use/);
    client.release();
  });

  it('does not start with a wrong environment', async () => {
    await start();
    process.env.DB_CONNECTION_LIMIT = 'many';
    const broken = Test.createTestingModule({ imports: [DatabaseModule.forRoot({ url: server.url })] }).compile();
    await expect(broken).rejects.toThrow(/environment: 1 invalid option[^]*DB_CONNECTION_LIMIT/);
  });

  it('says what is wrong with its options, and nothing else', async () => {
    const wrong = { url: 'nothing', connectionLimit: 0 };
    const refused = Test.createTestingModule({ imports: [DatabaseModule.forRoot(wrong)] }).compile();
    const { stack } = await refused.then(
      () => ({ stack: '' }),
      (error: unknown) => error as Error,
    );
    expect(stack).toMatch(
      /^InvalidOptionsError: DatabaseModule.forRoot: 2 invalid options\n {2}url: .*\n {2}connectionLimit: .*$/,
    );
    expect(() => new Database(wrong)).toThrow(/^new Database: 2 invalid options/);
  });

  it('starts without its database, and says so in health', async () => {
    await start({ url: 'postgresql://nobody:secret@127.0.0.1:1/nothing' });
    const { database } = await app.get(DatabaseHealthIndicator).isHealthy();
    expect(database).toMatchObject({ status: 'down', reason: expect.stringMatching(/127\.0\.0\.1:1/) as string });
    expect(JSON.stringify(database)).not.toContain('secret');
  });
});
