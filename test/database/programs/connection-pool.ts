// A database without Nest: the pool of this process, with the generated client of @prisma/client.
import { getConnectionPool, initializeConnectionPool } from '@mobius1/database';
import { say } from '../../standalone/say.js';

const prisma = initializeConnectionPool({
  connectionLimit: 10,
  poolTimeout: 10000,
  idleTimeout: 60000,
  enableQueryLogging: true,
  slowQueryThreshold: 1000, // Log queries > 1s
  logger: {
    log: (line) => say('log', { query: line.includes('FROM "public"."User"'), id: line.includes('nobody') }),
    warn: (line) => say('warn', { line }),
  },
});

async function main() {
  const user = await prisma.user.findUnique({ where: { id: 'nobody' } });
  say('asked', { user, on: typeof prisma.$on });
  const { limit, size, active, acquired } = getConnectionPool().stats();
  say('stats', { limit, size, active, acquired });
  say('health', { status: (await getConnectionPool().health()).status });
  await prisma.$disconnect();
  say('closed', { closed: getConnectionPool().closed });
}

void main();
