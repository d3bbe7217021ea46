// What an empty database is filled with, so that there is something to read: offices that prepare residence paperwork.
import type { Prisma } from '../src/generated/prisma/client.js';
import { extranjeriaNorte } from './seed-data/extranjeria-norte.js';
import { gestoriaSol } from './seed-data/gestoria-sol.js';
import { users, workspaces } from './seed-data/people.js';
import { templates } from './seed-data/templates.js';
import { welcomeValencia } from './seed-data/welcome-valencia.js';

const documents = {
  'ws-gestoria-sol': gestoriaSol,
  'ws-extranjeria-norte': extranjeriaNorte,
  'ws-welcome-valencia': welcomeValencia,
};

/** The newest document of each workspace; every older one is an hour older. Fixed, so that lists keep their order. */
const NEWEST = Date.parse('2026-01-05T09:00:00Z');
const HOUR_MS = 3_600_000;

/** Adds what is missing and changes nothing that is there, so it may run any number of times, also at the same time. */
export async function seed(prisma: Prisma.TransactionClient): Promise<void> {
  await prisma.user.createMany({ data: [...users], skipDuplicates: true });
  await prisma.template.createMany({ data: [...templates], skipDuplicates: true });
  for (const { users: members, ...workspace } of workspaces) {
    const connect = members.map((id) => ({ id }));
    await prisma.workspace.createMany({ data: workspace, skipDuplicates: true });
    await prisma.workspace.update({ where: { id: workspace.id }, data: { users: { connect } } });
    await prisma.document.createMany({ data: rowsOf(workspace.id), skipDuplicates: true });
  }
}

function rowsOf(workspaceId: keyof typeof documents) {
  return documents[workspaceId].map((document, index) => {
    const written = new Date(NEWEST - index * HOUR_MS);
    return { ...document, workspaceId, createdAt: written, updatedAt: written };
  });
}
