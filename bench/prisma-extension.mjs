// What does the Prisma extension cost on a hit, beside a query that is cached by hand?
import { compare } from './harness.mjs';

const ID = 'doc-que-es-el-nie';

export async function prismaExtension({ CacheInstance, Database, PrismaClient, withQueryCache, openDatabase, ...env }) {
  const database = new Database({ url: await openDatabase() });
  const prisma = new PrismaClient({ adapter: database.adapter });
  const tables = [];
  for (const [where, l1] of [
    ['in Redis', false],
    ['in the tier of the process', {}],
  ]) {
    const redis = { url: env.url, keyPrefix: env.prefix, commandTimeout: 10_000 };
    const cache = new CacheInstance({ redis, l1 });
    await cache.connect();
    const extended = prisma.$extends(withQueryCache({ cache }));
    const byHand = () =>
      cache.queries.cacheQuery(`document:${ID}`, () => prisma.document.findUnique({ where: { id: ID } }), {
        ttl: 3_600,
        tags: ['documents'],
      });
    const inside = prisma.$extends({ query: { $allOperations: async () => byHand() } });
    const byExtension = () => extended.document.findUnique({ where: { id: ID }, cache: { ttl: 3_600 } });
    tables.push(
      await compare(
        `Cached findUnique, hit ${where}`,
        [
          { name: 'cacheQuery by hand', call: byHand },
          { name: 'the Prisma extension', call: byExtension, goal: 1.3 },
          { name: 'the same inside an extension', call: () => inside.document.findUnique({ where: { id: ID } }) },
          { name: 'Prisma and PostgreSQL', call: () => prisma.document.findUnique({ where: { id: ID } }) },
        ],
        { operations: 2_000, rounds: 7 },
      ),
    );
    await cache.close();
  }
  await prisma.$disconnect();
  await database.close();
  return tables;
}
