// `npm run bench [name …]`: measures what the documentation claims, on the compiled code and a real Redis.
// `npm run bench -- --write` also puts the tables into docs/performance.md.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const BENCHES = [
  'memory-hit',
  'decorator-hit',
  'tiered-hit',
  'redis-read',
  'coherence',
  'cold-key',
  'tag-invalidation',
  ...[
    'pool-errors',
    'prisma-extension',
    'model-hit',
    'model-streams',
    'model-outage',
    'model-invalidation',
    'semantic-lookup',
  ],
  // Beside other caches: `npm ci --prefix bench/peers` first.
  ...['peer-hits', 'races', 'stampede', 'outage', 'peer-coherence', 'heap', 'commit-race'],
];
const PAGE = 'docs/performance.md';
/** Everything after this line of the page is written by this program. */
const MARK = '<!-- measured -->';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { values, positionals } = parseArgs({ options: { write: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !BENCHES.includes(name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}. There are: ${BENCHES.join(', ')}`);
  process.exit(1);
}

const build = spawnSync(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build'], { stdio: 'inherit' });
if (build.status !== 0) process.exit(build.status ?? 1);

require('reflect-metadata');
const compiled = new URL('../dist/libs/cache/src/', import.meta.url);
const { CacheInstance } = require(fileURLToPath(new URL('instance/cache-instance.js', compiled)));
const exported = {
  ...require(fileURLToPath(new URL('../../database/src/index.js', compiled))),
  ...require(fileURLToPath(new URL('index.js', compiled))),
  ...require(fileURLToPath(new URL('../dist/src/generated/prisma/client.js', import.meta.url))),
};
const { Test } = await import('@nestjs/testing');
require('../test/support/ts-hook.cjs');
const { RedisEnv } = require('../test/support/redis-env.ts');

const redis = await RedisEnv.start();
let postgres;
/** A database with the tables and the example data of the demo, on a PostgreSQL that is started when it is first needed. */
async function openDatabase() {
  const { PostgresEnv } = require('../test/support/postgres-env.ts');
  postgres ??= await PostgresEnv.start();
  process.env.TEST_DATABASE_URL = postgres.url;
  const { url } = await PostgresEnv.database();
  await require(fileURLToPath(new URL('../dist/src/database/prepare-database.js', import.meta.url))).prepareDatabase(
    url,
  );
  return url;
}

const tables = [];
for (const name of positionals.length > 0 ? positionals : BENCHES) {
  const [run] = Object.values(await import(`../bench/${name}.mjs`));
  const measured = await run({
    ...exported,
    CacheInstance,
    Test,
    RedisEnv,
    openDatabase,
    url: redis.url,
    prefix: `bench-${randomUUID()}:`,
  });
  for (const { title, rows } of measured) {
    console.log(`\n${title}`);
    console.table(rows);
  }
  tables.push(...measured);
}
await redis.stop();
await postgres?.stop();
if (values.write) write();

/** Puts the new tables in the place of the old ones with their titles; those that were not measured stay. */
function write() {
  const machine = `Node.js ${process.version}, Redis ${redis.version}, ${os.cpus().length} × ${os.cpus()[0]?.model.trim() ?? os.arch()}`;
  const [head = '# Performance\n\n', before = ''] = existsSync(PAGE) ? readFileSync(PAGE, 'utf8').split(MARK) : [];
  const sections = new Map(
    before
      .split(/^(?=### )/m)
      .slice(1)
      .map((text) => [/^### (.*)/.exec(text)?.[1], text.trim()]),
  );
  for (const { title, rows } of tables) sections.set(title, `### ${title}\n\n${markdown(rows)}`);
  writeFileSync(PAGE, `${head}${MARK}\n\nMeasured with ${machine}.\n\n${[...sections.values()].join('\n\n')}\n`);
  spawnSync(process.execPath, ['node_modules/prettier/bin/prettier.cjs', '--write', '--log-level', 'warn', PAGE]);
}

function markdown(rows) {
  const columns = Object.keys(rows[0]);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map((row) => line(columns.map((c) => row[c])))].join(
    '\n',
  );
}
