// Reads of Prisma through the cache. Nobody invalidates anything by hand: every write makes void what it may have changed.
import { closeCache, getCache } from '@mobius1/cache/standalone';
import { applyMigrations, getConnectionPool, initializeConnectionPool, withQueryCache } from '@mobius1/database';

/** A client with the cache. In your application the tables are there already. */
async function connect() {
  const url = process.env.DATABASE_URL;
  if (!url) throw new Error('Set DATABASE_URL to a PostgreSQL that may be written to.');
  await applyMigrations({ url, directory: 'prisma/migrations' });
  const prisma = initializeConnectionPool({ url, enableQueryLogging: true, logger: false });
  return prisma.$extends(withQueryCache({ cache: getCache() }));
}

type Prisma = Awaited<ReturnType<typeof connect>>;

/** Two relations: the list shows the name of the author of each document. */
async function documents(prisma: Pick<Prisma, 'document'>): Promise<string> {
  const found = await prisma.document.findMany({
    where: { workspaceId: 'office' },
    include: { author: true },
    orderBy: { id: 'asc' },
    cache: { ttl: '5m' }, // all that there is to say
  });
  return found.map(({ title, author }) => `${title} by ${author.name}`).join(', ');
}

async function fill(prisma: Prisma): Promise<void> {
  await prisma.workspace.create({ data: { id: 'office', name: 'Office', slug: 'office' } });
  await prisma.user.create({ data: { id: 'ana', name: 'Ana', email: 'ana@example.com' } });
  const common = { content: '', workspaceId: 'office', authorId: 'ana' };
  await prisma.document.createMany({
    data: [
      { ...common, id: '1', title: 'Plan' },
      { ...common, id: '2', title: 'Offer' },
    ],
  });
}

async function main(): Promise<void> {
  const prisma = await connect();
  await fill(prisma);

  // What reaches PostgreSQL is counted where it is sent.
  let statements = 0;
  getConnectionPool().events.on('query', ({ statement }) => {
    if (statement.startsWith('SELECT')) statements++;
  });

  async function show(when: string, client: Pick<Prisma, 'document'> = prisma): Promise<void> {
    const before = statements;
    const list = await documents(client);
    const from = statements === before ? 'the cache' : 'PostgreSQL';
    console.log(`${when.padEnd(28)} ${list.padEnd(33)} from ${from}`);
  }

  await show('first');
  await show('again');

  // The list says whose documents they are, so it depends on users, too.
  await prisma.user.update({ where: { id: 'ana' }, data: { name: 'Anna' } });
  await show('a user has another name');
  await show('again');

  // A write to what the list does not show leaves it alone.
  await prisma.template.create({ data: { name: 'Letter', body: '' } });
  await show('a template is new');

  await prisma.$transaction(async (tx) => {
    await tx.document.update({ where: { id: '1' }, data: { title: 'New plan' } });
    await show('in the transaction', tx); // its own view, past the cache
    await show('meanwhile, outside'); // nobody sees what may still be rolled back
  });
  await show('after its commit');

  const undone = prisma.$transaction(async (tx) => {
    await tx.document.deleteMany();
    throw new Error('nobody deletes all documents');
  });
  await undone.catch((error: unknown) => console.log(`a transaction is rolled back: ${String(error)}`));
  await show('after its rollback'); // nothing has changed, so nothing was forgotten

  await closeCache();
  await prisma.$disconnect();
}

void main();
