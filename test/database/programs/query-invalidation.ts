// A list that a write makes void; and the same in a transaction.
import {
  cacheManager,
  CacheKeys,
  closeCache,
  DefaultTTL,
  getRedisClient,
  initializeRedis,
  queryCache,
} from '@mobius1/cache/standalone';
import { getConnectionPool, getTransactions, initializeConnectionPool, transaction } from '@mobius1/database';
import type { Prisma } from '@prisma/client';
import { say } from '../../standalone/say.js';

const prisma = initializeConnectionPool({ logger: false });

type DocumentData = Prisma.DocumentUncheckedCreateInput;

// Cache document list
async function getWorkspaceDocuments(workspaceId: string) {
  return await queryCache.cacheQuery(
    `documents:${workspaceId}`,
    async () => {
      return await prisma.document.findMany({
        where: { workspaceId },
        orderBy: { createdAt: 'desc' },
      });
    },
    {
      tags: ['documents', workspaceId],
      ttl: DefaultTTL.medium,
      workspaceId,
    },
  );
}

// Invalidate when document is created/updated
async function createDocument(data: DocumentData) {
  const document = await prisma.document.create({ data });

  // Invalidate cache
  await queryCache.invalidateByTag(data.workspaceId);

  return document;
}

// Invalidate on write operations
async function updateWorkspace(id: string, data: Prisma.WorkspaceUpdateInput) {
  const workspace = await prisma.workspace.update({
    where: { id },
    data,
  });

  // Invalidate cache
  await cacheManager.delete(CacheKeys.workspace(id));
  await queryCache.invalidateWorkspace(id);

  return workspace;
}

const workspaceId = 'ws-gestoria-sol';
const data = (id: string): DocumentData => ({ id, title: id, content: '', workspaceId, authorId: 'user-ana' });
const has = async (id: string) => (await getWorkspaceDocuments(workspaceId)).some((document) => document.id === id);
const name = () =>
  cacheManager.getOrSet(
    CacheKeys.workspace(workspaceId),
    async () => (await prisma.workspace.findUnique({ where: { id: workspaceId } }))?.name,
  );

async function main() {
  initializeRedis(
    // A machine that is busy with other tests must not look like an outage.
    { url: process.env.REDIS_URL ?? '', keyPrefix: process.env.REDIS_KEY_PREFIX ?? '', commandTimeout: 10_000 },
    { unitOfWork: getConnectionPool().unitOfWork },
  );
  await getRedisClient().connect();

  say('before', { has: await has('d-1'), name: await name() });
  await createDocument(data('d-1'));
  say('created', { has: await has('d-1') });
  await updateWorkspace(workspaceId, { name: 'Sol & Luna' });
  say('renamed', { name: await name(), has: await has('d-1') });

  const inTransaction = (id: string, fail: boolean) =>
    transaction(async (tx) => {
      await tx.document.create({ data: data(id) });
      await queryCache.invalidateByTag(workspaceId);
      if (fail) throw new Error('no');
    });
  await inTransaction('d-2', true).catch(() => undefined);
  const { executed } = queryCache.getStats();
  say('rolled back', { has: await has('d-2'), asked: queryCache.getStats().executed - executed });
  await inTransaction('d-3', false);
  say('committed', { has: await has('d-3'), active: getTransactions().active });

  await closeCache();
  await prisma.$disconnect();
}

void main();
