// What does a unique violation cost? Reads and updates, and one in ten a row that is there already, through Prisma.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { compare } from './harness.mjs';

const require = createRequire(import.meta.url);
const CONNECTIONS = 10;
const WORKERS = 16;
const OPERATIONS = 1_500;

export async function poolErrors({ Database, PrismaClient, openDatabase }) {
  const pg = require('pg');
  const { PrismaPg } = require('@prisma/adapter-pg');
  const url = await openDatabase();
  const plain = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  const database = new Database({ url, connectionLimit: CONNECTIONS });
  const subjects = [
    ['pg.Pool behind Prisma', plain, new PrismaClient({ adapter: new PrismaPg(plain) })],
    ['this pool behind Prisma', database.pool, new PrismaClient({ adapter: database.adapter })],
  ];
  const closed = new Map();
  for (const [name, pool] of subjects) pool.on('remove', () => closed.set(name, (closed.get(name) ?? 0) + 1));
  const work = (prisma) => async (i) => {
    if (i % 10 === 0) {
      const taken = { email: 'ana@gestoriasol.example', name: 'Ana', id: randomUUID() };
      const done = await prisma.user.create({ data: taken }).catch(({ code }) => code);
      if (done !== 'P2002') throw new Error(`It did not fail as it should: ${done}`);
    } else if (i % 3 === 0) {
      await prisma.template.update({ where: { id: 'tpl-welcome-checklist' }, data: { popular: true } });
    } else await prisma.document.findUnique({ where: { id: 'doc-que-es-el-nie' } });
  };
  const table = await compare(
    'Reads, updates and 10 % unique violations on PostgreSQL',
    subjects.map(([name, , prisma]) => ({ name, call: work(prisma) })),
    { operations: OPERATIONS, concurrency: WORKERS, rounds: 7 },
  );
  for (const row of table.rows) {
    row['connections closed'] = closed.get(row.what) ?? 0;
    row.goal = row.what.startsWith('this') ? 'more calls per second, 0 closed' : '';
  }
  for (const [, pool, prisma] of subjects) {
    await prisma.$disconnect();
    await pool.end();
  }
  return [table];
}
