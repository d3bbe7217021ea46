// Queries of a database through the cache: by what they are about, with tags, in pages.
import { closeCache, DefaultTTL, initializeRedis, getRedisClient, queryCache } from '@mobius1/cache/standalone';
import { getConnectionPool, initializeConnectionPool } from '@mobius1/database';
import { say } from '../../standalone/say.js';

const prisma = initializeConnectionPool({ logger: false });

const userId = 'user-ana';
const workspaceId = 'ws-gestoria-sol';
const documentId = 'doc-que-es-el-nie';
const ttl = DefaultTTL.medium;

async function everything() {
  const user = await queryCache.cacheUser(userId, async () => {
    return await prisma.user.findUnique({ where: { id: userId } });
  });

  const documents = await queryCache.cacheQuery(
    'workspace:docs',
    async () => {
      return await prisma.document.findMany({ where: { workspaceId } });
    },
    {
      tags: ['documents', workspaceId],
      ttl: 300,
    },
  );

  const workspace = await queryCache.cacheWorkspace(
    workspaceId,
    () => prisma.workspace.findUnique({ where: { id: workspaceId } }),
    ttl,
  );
  const document = await queryCache.cacheDocument(
    documentId,
    workspaceId,
    () => prisma.document.findUnique({ where: { id: documentId } }),
    ttl,
  );
  const template = await queryCache.cacheTemplate('tpl-welcome-checklist', () => prisma.template.findFirst(), ttl);
  const page = await queryCache.cacheList('documents', 1, 2, () => prisma.document.findMany({ take: 2 }), {
    workspaceId,
    tags: ['documents'],
  });
  return { user, documents, workspace, document, template, page };
}

const executed = () => queryCache.getStats().executed;

async function main() {
  initializeRedis(
    // A machine that is busy with other tests must not look like an outage.
    { url: process.env.REDIS_URL ?? '', keyPrefix: process.env.REDIS_KEY_PREFIX ?? '', commandTimeout: 10_000 },
    { unitOfWork: getConnectionPool().unitOfWork },
  );
  await getRedisClient().connect();

  const first = await everything();
  say('first', { executed: executed(), user: first.user?.name, page: first.page.length });
  const second = await everything();
  say('second', { executed: executed(), same: JSON.stringify(first) === JSON.stringify(second) });
  say('a date is a date', { is: second.user?.createdAt instanceof Date });

  await queryCache.invalidateByTag(workspaceId);
  await everything();
  say('after the tag of the query', { executed: executed() });

  await queryCache.invalidateByTag('user-123');
  await queryCache.invalidateUser(userId);
  await queryCache.invalidateWorkspace(workspaceId);
  await everything();
  say('after user and workspace', { executed: executed() });

  const numbers = () =>
    queryCache.cacheQuery('numbers', async () => {
      const [row] = await prisma.$queryRaw<Record<string, unknown>[]>`
        SELECT 12345678901234567890.123456789::numeric AS decimal, 9007199254740993::int8 AS bigint, '\\x0102ff'::bytea AS bytes`;
      return row;
    });
  await numbers();
  const { decimal, bigint, bytes } = (await numbers()) ?? {};
  say('numbers', {
    decimal: (decimal as { toFixed(): string }).toFixed(),
    bigint: typeof bigint === 'bigint' && String(bigint),
    bytes: bytes instanceof Uint8Array && [...bytes],
  });
  say('stats', { ...queryCache.getStats() });

  await queryCache.invalidateByTag(['documents', 'none']);
  await closeCache();
  await prisma.$disconnect();
}

void main();
