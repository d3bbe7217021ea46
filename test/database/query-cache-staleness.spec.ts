import { AsyncLocalStorage } from 'node:async_hooks';
import { join } from 'node:path';
import { CacheInstance } from '../../libs/cache/src/instance/cache-instance.js';
import { Database } from '../../libs/database/src/drivers/database.js';
import type { QueryCacheExtensionOptions } from '../../libs/database/src/features/prisma-extension/query-cache-options.js';
import { withQueryCache } from '../../libs/database/src/features/prisma-extension/with-query-cache.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { prismaOfSchema, type UntypedPrisma } from '../support/prisma-schema.js';

type Model =
  | 'team'
  | 'member'
  | 'badge'
  | 'sticker'
  | 'profile'
  | 'skill'
  | 'country'
  | 'city'
  | 'floor'
  | 'room'
  | 'node'
  | 'token'
  | 'note';
interface Operation {
  readonly operation: string;
  readonly args: unknown;
  readonly query: (args: unknown) => Promise<unknown>;
}
type Client = UntypedPrisma<Model>;

const ID = '6f1f7d0a-93d8-4c1f-9d50-5a3cf1a4a0be';

const ROWS = `
  TRUNCATE "Team", "Member", "Skill", "Country", "Floor", "Room", "Node", "Token", "Note" RESTART IDENTITY CASCADE;
  INSERT INTO "Team" VALUES ('t1', 'red', 'Red'), ('t2', 'green', 'Green');
  INSERT INTO "Member" VALUES ('m1', 'red'), ('m2', 'green');
  INSERT INTO "Badge" VALUES ('m1', 'gold');
  INSERT INTO "Sticker" VALUES ('s1', 'm1');
  INSERT INTO "Profile" VALUES ('m1', 'one');
  INSERT INTO "Skill" VALUES ('k1', 'go');
  INSERT INTO "_MemberToSkill" VALUES ('m1', 'k1');
  INSERT INTO "Country" VALUES ('ES', 'Spain');
  INSERT INTO "City" VALUES ('c1', 'ES');
  INSERT INTO "Floor" VALUES ('A', 1, 'first');
  INSERT INTO "Room" VALUES ('r1', 'A', 1);
  INSERT INTO "Node" VALUES ('n1', 'root', NULL), ('n2', 'leaf', 'n1');
  INSERT INTO "Token" VALUES ('${ID}', 'old');
  INSERT INTO "Note" (slug, text) VALUES ('one', 'old');
`;

/** Reads of every kind, in every direction. Each is cached before a write, and compared with the database after it. */
const READS = {
  team: ['team', 'findUnique', { where: { id: 't1' } }],
  'team with members': [
    'team',
    'findUnique',
    { where: { id: 't1' }, include: { members: { orderBy: { id: 'asc' } } } },
  ],
  'team with counts': ['team', 'findUnique', { where: { id: 't1' }, include: { _count: true } }],
  'team that is not there': ['team', 'findUnique', { where: { id: 't9' } }],
  'team by slug': ['team', 'findUnique', { where: { slug: 'red' } }],
  'team by id and slug': ['team', 'findUnique', { where: { id: 't1', slug: 'red' } }],
  'teams by members': ['team', 'findMany', { orderBy: [{ members: { _count: 'desc' } }, { id: 'asc' }] }],
  'teams of a badge': ['team', 'findMany', { where: { members: { some: { badge: { text: 'gold' } } } } }],
  member: ['member', 'findUnique', { where: { id: 'm1' } }],
  'member that is not there': ['member', 'findUnique', { where: { id: 'm9' } }],
  members: ['member', 'findMany', { orderBy: { id: 'asc' } }],
  'members by team': ['member', 'findMany', { orderBy: [{ team: { name: 'asc' } }, { id: 'asc' }] }],
  'member counts': ['member', 'groupBy', { by: ['teamSlug'], _count: { _all: true }, orderBy: { teamSlug: 'asc' } }],
  'member with all': [
    ...(['member', 'findUnique'] as const),
    { where: { id: 'm1' }, include: { team: true, badge: { include: { stickers: true } }, skills: true } },
  ],
  badge: ['badge', 'findUnique', { where: { memberId: 'm1' } }],
  badges: ['badge', 'findMany', { orderBy: { memberId: 'asc' }, include: { member: { include: { team: true } } } }],
  sticker: ['sticker', 'findUnique', { where: { id: 's1' } }],
  stickers: ['sticker', 'count', { where: { badgeId: 'm1' } }],
  profile: ['profile', 'findUnique', { where: { id: 'm1' } }],
  'profile that is not there': ['profile', 'findUnique', { where: { id: 'm2' } }],
  skill: ['skill', 'findUnique', { where: { id: 'k1' }, include: { members: { orderBy: { id: 'asc' } } } }],
  'skills of a team': ['skill', 'findMany', { where: { members: { some: { team: { name: 'Red' } } } } }],
  country: ['country', 'findUnique', { where: { iso: 'ES' } }],
  city: ['city', 'findUnique', { where: { id: 'c1' } }],
  cities: ['city', 'findMany', { include: { country: true } }],
  floor: ['floor', 'findUnique', { where: { building_number: { building: 'A', number: 1 } } }],
  room: ['room', 'findUnique', { where: { id: 'r1' } }],
  rooms: ['room', 'findMany', {}],
  node: ['node', 'findUnique', { where: { id: 'n1' } }],
  'node below': ['node', 'findUnique', { where: { id: 'n2' } }],
  'node with its parent': ['node', 'findUnique', { where: { id: 'n2' }, include: { parent: true } }],
  token: ['token', 'findUnique', { where: { id: ID.replaceAll('-', '').toUpperCase() } }],
  note: ['note', 'findUnique', { where: { id: 1 } }],
  'note that is not there': ['note', 'findUnique', { where: { id: 2 } }],
  'note by slug': ['note', 'findUnique', { where: { slug: 'one', id: 1 } }],
  notes: ['note', 'findMany', {}],
} as const satisfies Record<
  string,
  readonly [model: Model, operation: 'findUnique' | 'findMany' | 'groupBy' | 'count', args: object]
>;
type Read = keyof typeof READS;
const ALL = Object.keys(READS) as Read[];

describe('What Prisma with a query cache reads after a write is what the database has', () => {
  let server: TestDatabase;
  let database: Database;
  let base: Client;
  let cache: CacheInstance;
  let prisma: Client;
  let asked: string[];

  function open(options: Partial<QueryCacheExtensionOptions> = {}): Client {
    const counting = {
      query: {
        $allOperations: ({ operation, args, query }: Operation) => {
          asked.push(operation);
          return query(args);
        },
      },
    };
    return base.$extends(withQueryCache({ cache, ...options })).$extends(counting);
  }

  beforeAll(async () => {
    server = await PostgresEnv.database();
    database = new Database({ url: server.url });
    const PrismaClient = await prismaOfSchema<Model>(join(__dirname, 'fixtures/references.prisma'), server.url);
    base = new PrismaClient({ adapter: database.adapter });
  }, 60_000);
  beforeEach(async () => {
    await base.$executeRawUnsafe(ROWS);
    asked = [];
    cache = new CacheInstance({ unitOfWork: database.unitOfWork });
    prisma = open();
  });
  afterEach(async () => cache.close());
  afterAll(async () => {
    await base.$disconnect();
    await database.close();
    await server.drop();
  });

  const read = (client: Client, name: Read, more: object = {}): PromiseLike<unknown> => {
    const [model, operation, args] = READS[name];
    return client[model][operation]({ ...args, ...more });
  };
  async function answers(client: Client, more?: object): Promise<Record<string, unknown>> {
    const all = await Promise.all(ALL.map(async (name) => [name, await read(client, name, more)] as const));
    return Object.fromEntries(all);
  }
  const cached = (): Promise<Record<string, unknown>> => answers(prisma, { cache: { ttl: '5m' } });

  /** Caches everything, writes, and compares everything with the database. */
  async function expectFresh(write: () => PromiseLike<unknown>, changed: readonly Read[]): Promise<void> {
    const before = await cached();
    asked = [];
    expect(await cached()).toEqual(before);
    expect(asked).toEqual([]);
    await write();
    const now = await answers(base);
    const different = ALL.filter((name) => JSON.stringify(now[name]) !== JSON.stringify(before[name]));
    expect(different).toEqual(expect.arrayContaining([...changed]));
    expect(await cached()).toEqual(now);
  }

  type Case = [what: string, write: () => PromiseLike<unknown>, changed: readonly Read[]];

  describe('when a field is changed that rows refer to', () => {
    const byId = { where: { id: 't1' } };
    const slug = { slug: 'blue' };

    it.each<Case>([
      ['update', () => prisma.team.update({ ...byId, data: slug }), ['member', 'members', 'member counts']],
      [
        'update, whatever is declared of deletes',
        () => open({ onDelete: { Team: [] } }).team.update({ ...byId, data: slug }),
        ['member', 'members'],
      ],
      ['update with set', () => prisma.team.update({ ...byId, data: { slug: { set: 'blue' } } }), ['member']],
      ['update by the field itself', () => prisma.team.update({ where: { slug: 'red' }, data: slug }), ['member']],
      ['updateMany', () => prisma.team.updateMany({ ...byId, data: slug }), ['member', 'members']],
      ['updateManyAndReturn', () => prisma.team.updateManyAndReturn({ ...byId, data: slug }), ['member']],
      [
        'upsert',
        () => prisma.team.upsert({ ...byId, create: { id: 't1', slug: 'x', name: 'X' }, update: slug }),
        ['member'],
      ],
      [
        'nested update from the row that refers',
        () => prisma.member.update({ where: { id: 'm1' }, data: { team: { update: slug } } }),
        ['member', 'member counts'],
      ],
      [
        'nested update of a key',
        () =>
          prisma.team.update({ ...byId, data: { members: { update: { where: { id: 'm1' }, data: { id: 'm9' } } } } }),
        ['badge', 'badges', 'sticker', 'profile', 'skill', 'member that is not there'],
      ],
      [
        'nested updateMany of a key',
        () => prisma.team.update({ ...byId, data: { members: { updateMany: { where: {}, data: { id: 'm9' } } } } }),
        ['badge', 'sticker'],
      ],
      [
        'nested upsert of a key',
        () =>
          prisma.team.update({
            ...byId,
            data: { members: { upsert: [{ where: { id: 'm1' }, create: { id: 'x' }, update: { id: 'm9' } }] } },
          }),
        ['badge', 'sticker'],
      ],
      [
        'an update two levels down',
        () =>
          prisma.badge.update({
            where: { memberId: 'm1' },
            data: { member: { update: { data: { team: { update: { data: slug } } } } } },
          }),
        ['member'],
      ],
      ['a primary key', () => prisma.country.update({ where: { iso: 'ES' }, data: { iso: 'IT' } }), ['city', 'cities']],
      [
        'one field of a compound key',
        () => prisma.floor.update({ where: { building_number: { building: 'A', number: 1 } }, data: { number: 2 } }),
        ['room', 'rooms'],
      ],
      [
        'a key that is a foreign key, by connecting',
        () => prisma.badge.update({ where: { memberId: 'm1' }, data: { member: { connect: { id: 'm2' } } } }),
        ['sticker'],
      ],
      [
        'a key that is a foreign key, from the other side',
        () => prisma.member.update({ where: { id: 'm2' }, data: { badge: { connect: { memberId: 'm1' } } } }),
        ['sticker'],
      ],
      [
        'an id that is a foreign key, by connecting',
        () => prisma.profile.update({ where: { slug: 'one' }, data: { member: { connect: { id: 'm2' } } } }),
        ['profile', 'profile that is not there'],
      ],
      [
        'an id, by another unique field',
        () => prisma.note.update({ where: { slug: 'one' }, data: { id: 2 } }),
        ['note', 'note that is not there', 'note by slug'],
      ],
      ['in a tree', () => prisma.node.update({ where: { id: 'n1' }, data: { id: 'n9' } }), ['node', 'node below']],
    ])('by %s', (_, write, changed) => expectFresh(write, changed));
  });

  describe('when a row is written', () => {
    const team = { name: 'X', slug: 'x' };
    it.each<Case>([
      [
        'by an upsert that creates another id',
        () =>
          prisma.team.upsert({
            where: { id: 't8' },
            create: { id: 't9', ...team },
            update: {},
            select: { name: true },
          }),
        ['team that is not there'],
      ],
      [
        'by an upsert whose id the database makes',
        () =>
          prisma.note.upsert({
            where: { id: 0 },
            create: { slug: 'two', text: 'new' },
            update: {},
            select: { text: true },
          }),
        ['note that is not there'],
      ],
      [
        'by an upsert by another field',
        () =>
          prisma.note.upsert({
            ...{ where: { slug: 'one' }, create: { id: 9, slug: 'one', text: '' } },
            ...{ update: { text: 'new' }, select: { text: true } },
          }),
        ['note', 'notes'],
      ],
      [
        'by a create that returns no id',
        () => prisma.note.create({ data: { slug: 'two', text: 'new' }, select: { text: true } }),
        ['note that is not there', 'notes'],
      ],
      [
        'under an id that is written in another way',
        () => prisma.token.update({ where: { id: ID }, data: { text: 'new' } }),
        ['token'],
      ],
      [
        'by createMany that skips',
        () =>
          prisma.team.createMany({
            data: [
              { id: 't1', ...team },
              { id: 't9', ...team },
            ],
            skipDuplicates: true,
          }),
        ['team that is not there'],
      ],
      [
        'by a nested createMany',
        () =>
          prisma.team.update({
            where: { id: 't1' },
            data: { members: { createMany: { data: [{ id: 'm9' }], skipDuplicates: true } } },
          }),
        ['members', 'member that is not there', 'team with counts'],
      ],
      [
        'by connectOrCreate',
        () =>
          prisma.member.update({
            where: { id: 'm2' },
            data: { team: { connectOrCreate: { where: { id: 't9' }, create: { id: 't9', ...team } } } },
          }),
        ['team that is not there', 'members'],
      ],
      [
        'along with a relation that moves',
        () => prisma.team.update({ where: { id: 't2' }, data: { members: { connect: { id: 'm1' } } } }),
        ['member', 'team with members', 'team with counts', 'teams by members', 'teams of a badge', 'skills of a team'],
      ],
      [
        'from many to many: connect',
        () => prisma.member.update({ where: { id: 'm2' }, data: { skills: { connect: { id: 'k1' } } } }),
        ['skill'],
      ],
      [
        'from many to many: set',
        () => prisma.skill.update({ where: { id: 'k1' }, data: { members: { set: [] } } }),
        ['skill', 'member with all', 'skills of a team'],
      ],
      [
        'from many to many: disconnect and create',
        () =>
          prisma.member.update({
            where: { id: 'm1' },
            data: { skills: { disconnect: { id: 'k1' }, create: { id: 'k9', name: 'c' } } },
          }),
        ['skill', 'member with all'],
      ],
    ])('%s', (_, write, changed) => expectFresh(write, changed));
  });

  describe('when a row is deleted', () => {
    it.each<Case>([
      [
        'with what the database deletes along',
        () => prisma.team.delete({ where: { id: 't1' } }),
        ['member', 'badge', 'sticker', 'profile', 'skill'],
      ],
      ['by deleteMany', () => prisma.team.deleteMany({ where: { name: 'Red' } }), ['member', 'badge', 'sticker']],
      [
        'nested',
        () => prisma.team.update({ where: { id: 't1' }, data: { members: { deleteMany: {} } } }),
        ['badge', 'sticker', 'profile', 'skill'],
      ],
      ['and rows lose it', () => prisma.floor.deleteMany({}), ['room', 'rooms']],
      ['out of a tree', () => prisma.node.delete({ where: { id: 'n1' } }), ['node below', 'node with its parent']],
    ])('%s', (_, write, changed) => expectFresh(write, changed));
  });

  describe('when SQL is written by hand', () => {
    const update = `UPDATE "Team" SET name = 'Changed'`;
    it.each([
      `SET lock_timeout = '5s'; ${update}`,
      `BEGIN; ${update}; COMMIT`,
      `SELECT E'it\\'s'; ${update} --'`,
      `SELECT $$'$$; ${update} WHERE name <> $$'$$`,
      `SELECT $a$'$a$; ${update} WHERE name <> $a$'$a$`,
      `SELECT 1 -- a comment ends at a carriage return, too\r; ${update}`,
      `SELECT 1 /* 'no string */; ${update} -- '`,
      `SELECT 1 AS "'"; ${update} -- '`,
      `WITH x AS (${update} RETURNING id) SELECT count(*)::int FROM x`,
      `EXPLAIN ANALYZE ${update}`,
      `; ${update}`,
      `DO $$ BEGIN ${update}; END $$`,
    ])('%s', (sql) => expectFresh(() => prisma.$executeRawUnsafe(sql), ['team', 'teams by members']));

    it.each<Case>([
      [
        'in a transaction',
        () =>
          prisma.$transaction(async (tx) => {
            await tx.$executeRawUnsafe(update);
            await answers(tx, { cache: true });
          }),
        ['team'],
      ],
      ['in a batch', () => prisma.$transaction([prisma.$executeRawUnsafe(update)]), ['team']],
      [
        'as a read of models that it does not know',
        () => open({ raw: () => ['Teams'] }).$executeRawUnsafe(update),
        ['team'],
      ],
    ])('%s', (_, write, changed) => expectFresh(write, changed));
  });
  describe('when a transaction commits later than a reader asks:', () => {
    // Prisma does nothing before somebody waits for it, and then does it where they wait.
    const update = async (tx: Client): Promise<unknown> => tx.team.update({ where: { id: 't1' }, data: { name: 'X' } });
    const outside = AsyncLocalStorage.snapshot();

    it.each<[what: string, write: (tx: Client) => PromiseLike<unknown>]>([
      ['written in it', (tx) => update(tx)],
      ['written by hand in it', (tx) => tx.$executeRawUnsafe(`UPDATE "Team" SET name = 'X'`)],
      ['written in a transaction within', (tx) => tx.$transaction((inner) => update(inner))],
      ['written while another begins and ends', (tx) => prisma.$transaction(() => update(tx))],
      ['written where nobody knows of it', (tx) => outside(() => update(tx))],
    ])('%s', async (_, write) => {
      const team = (): PromiseLike<unknown> => read(prisma, 'team', { cache: { ttl: '5m' } });
      await prisma.$transaction(async (tx) => {
        await write(tx);
        expect(await team()).toMatchObject({ name: 'Red' });
      });
      expect(await team()).toMatchObject({ name: 'X' });
    });
  });

  describe('and what has nothing to do with it stays:', () => {
    /** The reads that a write voids. */
    async function voided(write: () => PromiseLike<unknown>): Promise<Read[]> {
      await cached();
      await write();
      const again: Read[] = [];
      for (const name of ALL) {
        asked = [];
        await read(prisma, name, { cache: { ttl: '5m' } });
        if (asked.length > 0) again.push(name);
      }
      return again;
    }

    it('an update of plain data leaves what refers to it', async () => {
      expect(await voided(() => prisma.team.update({ where: { id: 't1' }, data: { name: 'X' } }))).toEqual([
        ...['team', 'team with members', 'team with counts', 'team by slug', 'team by id and slug', 'teams by members'],
        ...['teams of a badge', 'members by team', 'member with all', 'badges', 'skills of a team'],
      ]);
    });

    it('a foreign key is plain data where nothing refers to it', async () => {
      const again = await voided(() => prisma.member.update({ where: { id: 'm1' }, data: { teamSlug: 'green' } }));
      expect(again).toContain('member');
      expect(again).not.toContain('badge');
      expect(again).not.toContain('team by slug');
    });

    it('new rows, also behind a key, are what nothing refers to yet', async () => {
      const badge = { create: { text: 'tin', stickers: { create: { id: 's9' } } } };
      const data = { id: 'm9', team: { connect: { slug: 'red' } }, badge };
      const again = await voided(() => prisma.member.create({ data }));
      expect(again).toContain('member that is not there');
      expect(again).not.toContain('member');
      expect(again).not.toContain('profile');
    });

    it('SQL that reads', async () => {
      expect(await voided(() => prisma.$executeRawUnsafe('SELECT * FROM "Team" FOR UPDATE;'))).toEqual([]);
    });
  });
  it('more is void when the client tells nothing of its schema and its database', async () => {
    const silent = new Proxy(base, {
      get: (client, name) => (name === '_engineConfig' ? undefined : (Reflect.get(client, name) as unknown)),
    });
    const extend = withQueryCache({ cache }) as unknown as (client: Client) => Client;
    prisma = extend(silent);
    const hits = (): number => cache.engine.counts.hits;
    const team = { where: { id: 't1' } };
    for (const [write, stays] of [
      [() => prisma.note.update({ where: { id: 1 }, data: { text: 'new' } }), true],
      [() => prisma.team.update({ ...team, data: { name: 'new' } }), false],
      [() => prisma.$executeRawUnsafe('SELECT 1'), false],
    ] as const) {
      await read(prisma, 'member', { cache: true });
      await write();
      const before = hits();
      await read(prisma, 'member', { cache: true });
      expect(hits() > before).toBe(stays);
    }
  });
});
