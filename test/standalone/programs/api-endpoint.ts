// An HTTP endpoint whose answer is cached: many requests at once, one query.
import { cacheManager, CacheKeys, closeCache, DefaultTTL } from '@mobius1/cache/standalone';
import { createApp } from '../app.js';
import { connect } from '../connect.js';
import { say } from '../say.js';

let queries = 0;
const rows = new Map([['w1', { id: 'w1', name: 'Acme', users: [{ id: 'u1' }] }]]);

const prisma = {
  workspace: {
    async findUnique({ where }: { where: { id: string }; include: { users: true } }) {
      queries++;
      return rows.get(where.id) ?? null;
    },
    async update({ where, data }: { where: { id: string }; data: { name: string } }) {
      const row = { id: where.id, users: [], ...rows.get(where.id), ...data };
      rows.set(where.id, row);
      return row;
    },
  },
};

const app = createApp();

app.get('/api/v1/workspaces/:id', async (request, reply) => {
  const { id } = request.params;

  const workspace = await cacheManager.getOrSet(
    CacheKeys.workspace(id),
    async () => {
      return await prisma.workspace.findUnique({
        where: { id },
        include: { users: true },
      });
    },
    { ttl: DefaultTTL.medium },
  );

  return reply.send(workspace);
});

async function updateWorkspace(id: string, data: { name: string }) {
  const workspace = await prisma.workspace.update({ where: { id }, data });
  await cacheManager.delete(CacheKeys.workspace(id));
  return workspace;
}

async function main() {
  await connect();
  const address = await app.listen();
  const ask = async (id: string): Promise<unknown> => (await fetch(`${address}/api/v1/workspaces/${id}`)).json();

  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('w1')));
  say('asked', {
    answer: answers[0],
    different: new Set(answers.map((answer) => JSON.stringify(answer))).size,
    queries,
  });

  await updateWorkspace('w1', { name: 'Acme & Sons' });
  say('updated', { answer: await ask('w1'), queries });

  await ask('nobody');
  say('absent', { answer: await ask('nobody'), queries }); // null is a value: asked once

  await app.close();
  await cacheManager.clear();
  await closeCache();
}

void main();
