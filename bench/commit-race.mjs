// A row changes in a transaction while others read it through a cache. Who gets a value that was replaced before they asked?
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { times } from './harness.mjs';
import { arePeersInstalled, versionOf } from './peers/adapters.mjs';

const READERS = 6;
const COMMITS = times(5_000, 50);
const DYING_COMMITS = times(1_000, 50);
const DYING_SHARE = 0.2;
const LONGEST_LOAD_MS = 3;
const ID = 'tpl-welcome-checklist';

/** Between a row and whoever asked for it. Chained last, so that it is behind the cache. */
const slowly = {
  query: {
    template: {
      findUnique: async ({ args, query }) => {
        const row = await query(args);
        await sleep(Math.random() * LONGEST_LOAD_MS);
        return row;
      },
    },
  },
};

/** `write(n)` resolves when n is committed, and whoever made it knows; `read()` goes through the cache. */
async function race({ name, write, read, close }, { commits, goal }) {
  let committed = 0;
  let writing = true;
  let reads = 0;
  let stale = 0;
  await write(0);
  const reader = async () => {
    while (writing) {
      const floor = committed;
      const seen = await read();
      reads++;
      if (seen < floor) stale++;
      await nextTurn();
    }
  };
  const writer = async () => {
    for (let n = 1; n <= commits; n++) {
      await write(n);
      committed = n;
    }
    writing = false;
  };
  await Promise.all([writer(), ...Array.from({ length: READERS }, reader)]);
  await close();
  const share = `${((stale / reads) * 100).toFixed(stale ? 2 : 0)} %`;
  return { what: name, commits, reads: reads.toLocaleString('en'), 'stale reads': stale, share, goal };
}

export async function commitRace({ CacheInstance, Database, PrismaClient, Transactions, withQueryCache, ...env }) {
  const url = await env.openDatabase();
  const database = new Database({ url, connectionLimit: 20 });
  const base = new PrismaClient({ adapter: database.adapter });
  const data = (n) => ({ where: { id: ID }, data: { name: String(n) } });
  const versionIn = (row) => Number(row.name);
  const one = { where: { id: ID }, cache: { ttl: 3_600 } };

  /** `dies(n)`: the process that writes n does not live to tell its cache. */
  async function mobius({ name, fence = false, dies = () => false }) {
    let writing = 0;
    const { scopes } = database;
    const unitOfWork = {
      get active() {
        return scopes.active;
      },
      beforeCommit: (effect) => scopes.beforeCommit(effect),
      afterRollback: (effect) => scopes.afterRollback(effect),
      afterCommit: (effect) => (dies(writing) && scopes.active ? undefined : scopes.afterCommit(effect)),
    };
    const redis = { url: env.url, keyPrefix: `bench-${randomUUID()}:`, commandTimeout: 10_000 };
    const [mine, theirs] = [1, 2].map(() => new CacheInstance({ redis, fence, unitOfWork }));
    await Promise.all([mine.connect(), theirs.connect()]);
    const writer = base.$extends(withQueryCache({ cache: mine }));
    const reader = base.$extends(withQueryCache({ cache: theirs })).$extends(slowly);
    const transactions = new Transactions(writer, { database });
    return {
      name,
      write: async (n) => {
        writing = n;
        await transactions.run((tx) => tx.template.update(data(n)), { deadline: 2_000 });
      },
      read: async () => versionIn(await reader.template.findUnique(one)),
      close: () => Promise.all([mine.close(), theirs.close()]),
    };
  }

  async function prismaExtensionRedis() {
    const require = createRequire(new URL('./peers/package.json', import.meta.url));
    const { PrismaExtensionRedis } = require('prisma-extension-redis');
    const { Redis } = require('ioredis');
    const client = new Redis(env.url);
    const auto = { invalidateOnWrite: true, ttl: 3_600, stale: 0 };
    const cacheKey = { prefix: `bench-${randomUUID()}` };
    const config = { ttl: 3_600, stale: 0, type: 'STRING', auto, cacheKey };
    const prisma = base.$extends(PrismaExtensionRedis({ config, client })).$extends(slowly);
    return {
      name: `${versionOf('prisma-extension-redis')}, invalidateOnWrite`,
      write: (n) => prisma.$transaction((tx) => tx.template.update(data(n))),
      read: async () => versionIn(await prisma.template.findUnique({ where: { id: ID } })),
      close: () => client.quit(),
    };
  }

  const rows = [await race(await mobius({ name: 'Mobius cache' }), { commits: COMMITS, goal: '0' })];
  if (arePeersInstalled()) rows.push(await race(await prismaExtensionRedis(), { commits: COMMITS, goal: '' }));
  const dies = (n) => n > 0 && (n * 7_919) % 1_000 < DYING_SHARE * 1_000;
  const dying = [];
  for (const [name, fence] of [
    ['Mobius cache with fence', true],
    ['Mobius cache without', false],
  ]) {
    const goal = fence ? '0' : '';
    dying.push(await race(await mobius({ name, fence, dies }), { commits: DYING_COMMITS, goal }));
  }
  await base.$disconnect();
  await database.close();
  return [
    { title: 'A row changes in transactions, 6 readers, loads of 0 to 3 ms', rows },
    { title: 'The same; one writer in five dies between COMMIT and invalidation', rows: dying },
  ];
}
