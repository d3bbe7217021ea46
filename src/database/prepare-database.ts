import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { applyMigrations, Database } from '@mobius1/database';
import { seed } from '../../prisma/seed.js';
import { PrismaClient } from '../generated/prisma/client.js';

const MIGRATIONS = join('prisma', 'migrations');

/** The seed takes a fraction of a second; a slow disk may need longer than Prisma's usual 5 s. */
const SEED_TIMEOUT_MS = 60_000;

/** Brings the tables up to date and fills an empty database. Safe when several processes start at the same time. */
export async function prepareDatabase(url: string): Promise<void> {
  const log = new Logger('Database');
  const { applied, edited, unknown } = await applyMigrations({ url, directory: findMigrations() });
  if (applied.length > 0) log.log(`migrations applied: ${applied.join(', ')}`);
  if (edited.length > 0) log.warn(`changed since they were applied: ${edited.join(', ')}`);
  if (unknown.length > 0) log.warn(`the database is ahead of this release: ${unknown.join(', ')}`);
  if (await seedIfEmpty(url)) log.log('the database was empty: example workspaces added');
}

async function seedIfEmpty(url: string): Promise<boolean> {
  const database = new Database({ url });
  const prisma = new PrismaClient({ adapter: database.adapter });
  try {
    if ((await prisma.user.findFirst({ select: { id: true } })) !== null) return false;
    await prisma.$transaction((transaction) => seed(transaction), { timeout: SEED_TIMEOUT_MS });
    return true;
  } finally {
    await prisma.$disconnect();
    await database.close();
  }
}

/** The SQL files stay at the root of the project: above `src` in tests, above `dist/src` once compiled. */
function findMigrations(from = __dirname): string {
  const candidate = join(from, MIGRATIONS);
  const parent = dirname(from);
  // At the root of the file system the name is only good for the message of the error that follows.
  return existsSync(join(candidate, 'migration_lock.toml')) || parent === from ? candidate : findMigrations(parent);
}
