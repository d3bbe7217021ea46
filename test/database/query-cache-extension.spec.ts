import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { Database } from '../../libs/database/src/drivers/database.js';
import type { QueryCacheExtensionOptions } from '../../libs/database/src/features/prisma-extension/query-cache-options.js';
import { withQueryCache } from '../../libs/database/src/features/prisma-extension/with-query-cache.js';
import { Transactions } from '../../libs/database/src/features/transactions.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { PrismaClient } from '../../src/generated/prisma/client.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { typeCheck } from '../support/type-check.js';

const CACHED = { cache: { ttl: 60 } } as const;
const WS = 'ws-gestoria-sol';

describe('Prisma with a query cache', () => {
  let server: TestDatabase;
  let database: Database;
  let base: PrismaClient;
  let cache: CacheInstance;
  let asked: string[];

  /** The client with the cache, over one that tells what reaches the database. */
  function open(options: Partial<QueryCacheExtensionOptions> = {}) {
    return base.$extends(withQueryCache({ cache, ...options })).$extends({
      query: {
        $allOperations: ({ model, operation, args, query }) => {
          asked.push(`${model ?? ''}.${operation}`);
          return query(args);
        },
      },
    });
  }
  let prisma: ReturnType<typeof open>;
  /** What the extended client hands to the body of a transaction. */
  type Tx = Parameters<Parameters<typeof prisma.$transaction>[0]>[0];
  let transactions: Transactions<Tx>;

  beforeAll(async () => {
    server = await PostgresEnv.database();
    await prepareDatabase(server.url);
    database = new Database({ url: server.url });
    base = new PrismaClient({ adapter: database.adapter });
  });
  beforeEach(async () => {
    await base.document.deleteMany({ where: { id: { startsWith: 't-' } } });
    await base.template.deleteMany({ where: { id: { startsWith: 't-' } } });
    await base.document.createMany({
      data: ['t-1', 't-2'].map((id) => ({ id, title: id, content: 'x', workspaceId: WS, authorId: 'user-ana' })),
    });
    asked = [];
    cache = new CacheInstance({ unitOfWork: database.unitOfWork });
    prisma = open();
    transactions = new Transactions<Tx>(prisma, { database });
  });
  afterEach(async () => cache.close());
  afterAll(async () => {
    await base.$disconnect();
    await database.close();
    await server.drop();
  });

  const byId = (id = 't-1') => prisma.document.findUnique({ where: { id }, ...CACHED });
  const list = () => prisma.document.findMany({ where: { workspaceId: WS }, orderBy: { id: 'asc' }, ...CACHED });
  const withAuthor = () => prisma.document.findUnique({ where: { id: 't-2' }, include: { author: true }, ...CACHED });
  const workspace = () =>
    prisma.workspace.findUnique({ where: { id: WS }, include: { documents: { select: { id: true } } }, ...CACHED });
  const user = () => prisma.user.findUnique({ where: { id: 'user-ana' }, ...CACHED });
  const byEmail = () => prisma.user.findFirst({ where: { email: { contains: 'ana' } }, ...CACHED });
  const authored = () => prisma.document.count({ where: { author: { name: { not: 'nobody' } } }, ...CACHED });
  const READERS = { byId, other: () => byId('t-2'), list, withAuthor, workspace, user, byEmail, authored };
  type Reader = keyof typeof READERS;

  /** The reads that ask the database again. */
  async function voided(): Promise<Reader[]> {
    const again: Reader[] = [];
    for (const [name, read] of Object.entries(READERS)) {
      asked = [];
      await read();
      if (asked.length > 0) again.push(name as Reader);
    }
    return again;
  }

  describe('reads', () => {
    it('are cached when they say so, and only then', async () => {
      for (let i = 0; i < 2; i++) await byId();
      expect(asked).toEqual(['Document.findUnique']);
      for (let i = 0; i < 2; i++) await prisma.document.findUnique({ where: { id: 't-1' } });
      await prisma.document.findUnique({ where: { id: 't-1' }, cache: false });
      expect(asked).toHaveLength(4);
    });

    it('are cached by model without saying so', async () => {
      prisma = open({ models: { Document: { ttl: '5m' } } });
      for (let i = 0; i < 2; i++) await prisma.document.findMany({ take: 1 });
      for (let i = 0; i < 2; i++) await prisma.document.findMany({ take: 1, cache: false });
      for (let i = 0; i < 2; i++) await prisma.user.count();
      expect(asked).toEqual([
        ...['Document.findMany', 'Document.findMany', 'Document.findMany'],
        ...['User.count', 'User.count'],
      ]);
    });

    it('never meet: model, operation, arguments and their types are in the key (G9)', async () => {
      const reads = [
        () => prisma.document.findMany({ take: 1, ...CACHED }),
        () => prisma.document.findMany({ take: 2, ...CACHED }),
        () => prisma.document.findFirst({ take: 1, ...CACHED }),
        () => prisma.template.findMany({ take: 1, ...CACHED }),
        () => prisma.document.findMany({ where: { title: 't-1' }, ...CACHED }),
        () => prisma.document.findMany({ where: { content: 't-1' }, ...CACHED }),
        () => prisma.document.findMany({ where: { templateId: null }, ...CACHED }),
        () => prisma.document.findMany({ where: { createdAt: { gt: new Date(0) } }, ...CACHED }),
        () => prisma.document.findMany({ where: { title: '1970-01-01T00:00:00.000Z' }, ...CACHED }),
        () => prisma.document.count({ ...CACHED }),
        () => prisma.document.aggregate({ _count: true, ...CACHED }),
        () => prisma.document.groupBy({ by: ['language'], _count: true, orderBy: { language: 'asc' }, ...CACHED }),
      ];
      const fresh = [];
      for (const read of reads) fresh.push(await read());
      expect(asked).toHaveLength(reads.length);
      const cached = [];
      for (const read of reads) cached.push(await read());
      expect(asked).toHaveLength(reads.length);
      expect(cached).toEqual(fresh);
    });

    it('come back as Prisma made them, null too, and may be changed by who got them (G7, G8)', async () => {
      const [one, two] = await Promise.all([list(), list()]);
      expect(one).toEqual(two);
      expect(one[0]?.createdAt).toBeInstanceOf(Date);
      for (const rows of [one, two, await list()]) {
        rows[0]!.title = 'mine';
        rows.length = 1;
      }
      expect((await list()).map(({ title }) => title)).toEqual(expect.arrayContaining(['t-1', 't-2']));
      expect(await byId('t-none')).toBeNull();
      asked = [];
      expect(await byId('t-none')).toBeNull();
      expect(asked).toEqual([]);
    });

    it('are asked of the database when no key can be made of their arguments', async () => {
      const { title: column } = base.document.fields;
      const read = () => prisma.document.findMany({ where: { id: { equals: column } }, ...CACHED });
      for (let i = 0; i < 2; i++) expect(await read()).toHaveLength(2);
      expect(asked).toHaveLength(2);
    });

    it('along a relation are left to Prisma', async () => {
      type Fluent = { documents(args: object): Promise<unknown[]> };
      const documents = () =>
        (prisma.workspace.findUnique({ where: { id: WS }, ...CACHED }) as unknown as Fluent).documents({ take: 1 });
      expect(await documents()).toHaveLength(1);
      expect(await documents()).toHaveLength(1);
      expect(asked).toHaveLength(2);
    });

    it('are served stale while they are asked for again, if they say so', async () => {
      const read = () => prisma.document.count({ cache: { ttl: '1ms', swr: '1h' } });
      await read();
      await new Promise((resolve) => setTimeout(resolve, 5));
      asked = [];
      expect(await read()).toBeGreaterThan(0);
      expect(cache.engine.counts.stale).toBe(1);
    });

    it('go with tags of their own, too', async () => {
      const read = () => prisma.document.count({ cache: { ttl: 60, tags: ['mine'] } });
      await read();
      await cache.manager.invalidateByTag('mine');
      await read();
      expect(asked).toHaveLength(2);
    });
  });

  describe('writes void', () => {
    const document = { title: 'new', content: 'x', workspaceId: WS, authorId: 'user-ana' };
    const LISTS: Reader[] = ['list', 'workspace', 'authored'];
    const DOCUMENTS: Reader[] = ['byId', 'other', 'list', 'withAuthor', 'workspace', 'authored'];
    const ALL = Object.keys(READERS) as Reader[];

    it.each<[string, () => Promise<unknown>, readonly Reader[]]>([
      ['create', () => prisma.document.create({ data: { id: 't-3', ...document } }), LISTS],
      ['createMany', () => prisma.document.createMany({ data: [{ id: 't-3', ...document }] }), DOCUMENTS],
      [
        'createManyAndReturn',
        () => prisma.document.createManyAndReturn({ data: [{ id: 't-3', ...document }] }),
        DOCUMENTS,
      ],
      ['update', () => prisma.document.update({ where: { id: 't-1' }, data: { title: 'x' } }), ['byId', ...LISTS]],
      [
        'update that returns no id',
        () => prisma.document.update({ where: { id: 't-1' }, data: { title: 'x' }, select: { title: true } }),
        ['byId', ...LISTS],
      ],
      ['updateMany', () => prisma.document.updateMany({ where: { id: 't-1' }, data: { title: 'x' } }), DOCUMENTS],
      ['updateManyAndReturn', () => prisma.document.updateManyAndReturn({ data: { title: 'x' } }), DOCUMENTS],
      [
        'upsert',
        () => prisma.document.upsert({ where: { id: 't-1' }, create: document, update: { title: 'x' } }),
        ['byId', ...LISTS],
      ],
      ['delete', () => prisma.document.delete({ where: { id: 't-1' } }), ALL],
      ['deleteMany', () => prisma.document.deleteMany({ where: { id: 't-1' } }), ALL],
      ['a change of an id', () => prisma.document.update({ where: { id: 't-1' }, data: { id: 't-9' } }), ALL],
      [
        'a write by another unique field',
        () => prisma.user.update({ where: { email: 'ana@gestoriasol.example' }, data: { role: 'ADMIN' } }),
        ['withAuthor', 'user', 'byEmail', 'authored'],
      ],
      [
        'one that returns no id',
        () =>
          prisma.user.update({
            where: { email: 'ana@gestoriasol.example' },
            data: { role: 'ADMIN' },
            select: { role: true },
          }),
        ['withAuthor', 'user', 'byEmail', 'authored'],
      ],
      [
        'a nested create',
        () =>
          prisma.workspace.update({
            where: { id: WS },
            data: { documents: { create: { id: 't-3', title: 'n', content: 'x', authorId: 'user-ana' } } },
          }),
        DOCUMENTS,
      ],
      [
        'a nested update',
        () =>
          prisma.workspace.update({
            where: { id: WS },
            data: { documents: { update: { where: { id: 't-1' }, data: { title: 'nested' } } } },
          }),
        DOCUMENTS,
      ],
      [
        'a nested delete',
        () => prisma.workspace.update({ where: { id: WS }, data: { documents: { delete: { id: 't-1' } } } }),
        ALL,
      ],
      [
        'a connect',
        () => prisma.user.update({ where: { id: 'user-ana' }, data: { workspaces: { connect: { id: WS } } } }),
        ['withAuthor', 'workspace', 'user', 'byEmail', 'authored'],
      ],
      ['$executeRaw', () => prisma.$executeRaw`UPDATE "Document" SET title = 'raw' WHERE id = 't-1'`, ALL],
      ['$executeRawUnsafe', () => prisma.$executeRawUnsafe(`UPDATE "Document" SET title = 'raw'`), ALL],
      [
        'a $queryRaw that writes',
        () => prisma.$queryRaw`UPDATE "Document" SET title = 'raw' WHERE id = 't-1' RETURNING id`,
        ALL,
      ],
      ['a $queryRaw that reads', () => prisma.$queryRaw`SELECT 1`, []],
      [
        'a batch',
        () =>
          prisma.$transaction([
            prisma.document.update({ where: { id: 't-1' }, data: { title: 'x' } }),
            prisma.document.count(),
          ]),
        ['byId', ...LISTS],
      ],
      [
        'an interactive transaction',
        () => prisma.$transaction((tx) => tx.document.update({ where: { id: 't-1' }, data: { title: 'x' } })),
        ['byId', ...LISTS],
      ],
      [
        'a transaction of Transactions',
        () => transactions.run((tx) => tx.document.update({ where: { id: 't-1' }, data: { title: 'x' } })),
        ['byId', ...LISTS],
      ],
    ])('by %s what they may have changed, and nothing else', async (_, write, expected) => {
      await voided();
      expect(await voided()).toEqual([]);
      await write();
      expect(await voided()).toEqual(expect.arrayContaining([...expected]));
      await voided();
      await base.document.deleteMany({ where: { id: { in: ['t-3', 't-9'] } } });
    });

    it.each<[string, () => Promise<unknown>, readonly Reader[]]>([
      ['create', () => prisma.document.create({ data: { id: 't-3', ...document } }), LISTS],
      ['update', () => prisma.document.update({ where: { id: 't-1' }, data: { title: 'x' } }), ['byId', ...LISTS]],
      ['updateMany', () => prisma.document.updateMany({ data: { language: 'ES' } }), DOCUMENTS],
      ['a read in SQL', () => prisma.$queryRaw`SELECT 1`, []],
    ])('by %s no more than that', async (_, write, expected) => {
      await voided();
      await write();
      expect((await voided()).sort()).toEqual([...expected].sort());
    });

    it('a record that was not there, when it is created', async () => {
      expect(await byId('t-3')).toBeNull();
      await prisma.document.create({ data: { id: 't-3', ...document } });
      expect(await byId('t-3')).toMatchObject({ title: 'new' });
    });

    it('a record under the id that it gets, though nobody asked for that', async () => {
      expect([await byId('t-3'), await byId('t-4')]).toEqual([null, null]);
      const select = { title: true };
      await prisma.document.upsert({ where: { id: 't-0' }, create: { id: 't-3', ...document }, update: {}, select });
      expect(await byId('t-3')).toMatchObject({ title: 'new' });
      prisma = open({ onDelete: { Document: [] } });
      await prisma.document.update({ where: { id: 't-3' }, data: { id: 't-4' }, select });
      expect(await byId('t-4')).toMatchObject({ title: 'new' });
    });

    it('a record in whatever spelling its id was asked for', async () => {
      const id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
      const spellings = [id, id.toUpperCase(), `{${id}}`, id.replaceAll('-', '')];
      await base.document.deleteMany();
      await database.pool.query('ALTER TABLE "Document" ALTER COLUMN id TYPE uuid USING id::uuid');
      try {
        await base.document.create({ data: { id, ...document } });
        for (const spelling of spellings) expect(await byId(spelling)).toMatchObject({ title: 'new' });
        await prisma.document.update({ where: { id }, data: { title: 'newer' } });
        for (const spelling of spellings) expect(await byId(spelling)).toMatchObject({ title: 'newer' });
      } finally {
        await database.pool.query('ALTER TABLE "Document" ALTER COLUMN id TYPE text');
        await base.document.deleteMany();
      }
    });

    it('what was declared of raw SQL, and what a delete takes along', async () => {
      prisma = open({
        raw: (sql) => (sql.includes('"Document"') ? ['Document'] : undefined),
        onDelete: { Document: [] },
      });
      await voided();
      await prisma.$executeRaw`UPDATE "Document" SET title = 'raw' WHERE id = 't-1'`;
      expect(await voided()).toEqual(DOCUMENTS);
      await prisma.document.delete({ where: { id: 't-1' } });
      expect((await voided()).sort()).toEqual(['byId', ...LISTS].sort());
    });

    it('nothing when they fail, and say so', async () => {
      await voided();
      await expect(prisma.document.update({ where: { id: 't-none' }, data: {} })).rejects.toMatchObject({
        code: 'P2025',
      });
      await expect(prisma.document.create({ data: { id: 't-1', ...document } })).rejects.toMatchObject({
        code: 'P2002',
      });
      expect((await voided()).filter((name) => name === 'user' || name === 'byEmail')).toEqual([]);
    });
  });

  describe('transactions', () => {
    const rename = (tx: Tx, title: string) => tx.document.update({ where: { id: 't-1' }, data: { title } });
    const title = async (): Promise<string | undefined> => (await byId())?.title;

    it.each([
      ['an interactive one', (body: (tx: Tx) => Promise<unknown>) => prisma.$transaction(body)],
      ['Transactions', (body: (tx: Tx) => Promise<unknown>) => transactions.run(body)],
    ])('%s: shown after the commit, whatever was read before it', async (_, run) => {
      expect(await title()).toBe('t-1');
      await run(async (tx) => {
        await rename(tx, 'changed');
        const own = await tx.document.findUnique({ where: { id: 't-1' }, ...CACHED });
        expect(own?.title).toBe('changed');
        expect(await transactions.outside(title)).toBe('t-1');
      });
      expect(await title()).toBe('changed');
    });

    it.each([
      ['an interactive one', (body: (tx: Tx) => Promise<unknown>) => prisma.$transaction(body)],
      ['Transactions', (body: (tx: Tx) => Promise<unknown>) => transactions.run(body)],
    ])('%s: not shown, and nothing voided, when it is rolled back', async (_, run) => {
      await title();
      asked = [];
      const failed = run(async (tx) => {
        await rename(tx, 'changed');
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await title()).toBe('t-1');
      expect(asked.filter((operation) => operation.startsWith('Document'))).toEqual(['Document.update']);
    });

    it.each([
      ['a transaction', (tx: Tx, to: string) => tx.$transaction((inner) => rename(inner, to))],
      ['a batch', (tx: Tx, to: string) => tx.$transaction([rename(tx, to)])],
    ])(
      '%s inside of another one: shown after the commit of that, whatever was read before it (G16)',
      async (_, nested) => {
        await title();
        await prisma.$transaction(async (tx) => {
          await nested(tx, 'changed');
          expect(await title()).toBe('t-1');
        });
        expect(await title()).toBe('changed');
      },
    );

    it('a batch that fails voids nothing: its members only looked successful', async () => {
      await title();
      const batch = prisma.$transaction([
        prisma.document.update({ where: { id: 't-1' }, data: { title: 'changed' } }),
        prisma.document.create({ data: { id: 't-2', title: '', content: '', workspaceId: WS, authorId: 'user-ana' } }),
      ]);
      await expect(batch).rejects.toMatchObject({ code: 'P2002' });
      asked = [];
      expect(await title()).toBe('t-1');
      expect(asked).toEqual([]);
    });
  });

  it('is one for databases of one name, and another for others', async () => {
    await byId();
    const [same, other] = [open(), open({ name: 'other' })];
    await same.document.findUnique({ where: { id: 't-1' }, ...CACHED });
    expect(asked).toHaveLength(1);
    await other.document.findUnique({ where: { id: 't-1' }, ...CACHED });
    expect(asked).toHaveLength(2);
  });

  it('keeps clients apart that leave out other fields', async () => {
    await byId();
    const omitting = new PrismaClient({ adapter: database.adapter, omit: { document: { content: true } } });
    const extended = omitting.$extends(withQueryCache({ cache }));
    const found = await extended.document.findUnique({ where: { id: 't-1' }, ...CACHED });
    expect(found).not.toHaveProperty('content');
    await omitting.$disconnect();
  });

  it('refuses wrong options', () => {
    expect(() => withQueryCache({} as never)).toThrow(/cache: expected the cache: CACHE_INSTANCE/);
    expect(() => withQueryCache({ cache, models: { User: { ttl: -1 } } })).toThrow(/models\.User\.ttl/);
    expect(() => open({ onDelete: { User: ['Documents'] } })).toThrow(/Documents: expected a model of the schema/);
    expect(() => open({ models: { Usr: {} } })).toThrow(/Usr: expected a model of the schema: User, Workspace/);
  });

  it('is typed: reads take a strategy, writes do not, and results are what they were', () => {
    const text = `
      import { PrismaClient } from '../../src/generated/prisma/client.js';
      import { withQueryCache, type QueryCacheExtensionOptions } from '@mobius1/database';
      declare const base: PrismaClient;
      declare const options: QueryCacheExtensionOptions;
      const prisma = base.$extends(withQueryCache(options));
      async function main() {
        const one = await prisma.document.findUnique({ where: { id: 'a' }, select: { title: true }, cache: { ttl: '5m', swr: 60, tags: ['a'] } });
        const title: string | undefined = one?.title;
        const many = await prisma.document.findMany({ include: { author: true }, cache: true });
        const names: string[] = many.map(({ author }) => author.name);
        const count: number = await prisma.document.count({ cache: { ttl: 5 } });
        one?.content;
        await prisma.document.findMany({ cache: { tll: 5 } });
        await prisma.document.findMany({ wher: {} });
        await prisma.document.create({ data: { title: '', content: '', workspaceId: '', authorId: '' }, cache: { ttl: 5 } });
        await prisma.document.updateMany({ data: {}, cache: true });
        return [title, names, count];
      }
      void main();
    `;
    const file = `${__dirname}/imagined.ts`;
    expect(typeCheck([], new Map([[file, text]])).map(({ line }) => line)).toEqual([13, 14, 15, 16, 17]);
  });
});
