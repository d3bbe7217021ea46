// What a number was measured with. It stands beneath each table: the tables of a page need not be of one day.
import { readFileSync } from 'node:fs';
import os from 'node:os';

const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version;

/** `redis`, `postgres`: versions of the servers that took part. `others`: what other libraries stand on. */
export function measuredWith({ redis, postgres, versions = [], others = [] }) {
  const cpus = os.cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    versions: [
      `Node.js ${process.version}`,
      ...(redis === undefined ? [] : [`Redis ${redis}`, `ioredis ${versionOf('ioredis')}`]),
      ...(postgres === undefined ? [] : [`PostgreSQL ${postgres}`]),
      ...versions,
      `${cpus.length} × ${cpus[0]?.model.trim() || os.arch()}`,
      ...(others.length === 0 ? [] : [`the others with ${others.join(', ')}`]),
    ],
  };
}
