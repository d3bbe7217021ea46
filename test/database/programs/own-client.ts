// The settings come from the environment, the client is one of the application's own.
import { getConnectionPool, initializeConnectionPool } from '@mobius1/database';
import { PrismaClient } from '../../../src/generated/prisma/client.js';
import { say } from '../../standalone/say.js';

const attempt = (work: () => unknown) => {
  try {
    work();
    return 'it did not fail';
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

async function main() {
  say('before', { code: attempt(() => getConnectionPool()) });
  say('wrong options', {
    code: attempt(() => initializeConnectionPool({ client: PrismaClient, connectionLimit: -1 })),
  });
  const prisma = initializeConnectionPool({ client: PrismaClient });
  say('twice', { code: attempt(() => initializeConnectionPool({ client: PrismaClient })) });
  const documents = await prisma.document.findMany({ take: 1, select: { id: true } });
  say('asked', { documents: documents.length, limit: getConnectionPool().stats().limit });
  await prisma.$disconnect();
  const again = initializeConnectionPool({ client: PrismaClient });
  say('again', { users: (await again.user.count()) > 0 });
  await again.$disconnect();
}

void main();
