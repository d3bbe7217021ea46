// `npm run bench [-- name … --quick]`: measures what the documentation claims, on the compiled code and a real Redis, and
// prints it. `npm run compare` also writes it into the documentation.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BENCHES } from '../bench/list.mjs';
import { beneath } from '../bench/peers/adapters.mjs';
import { measuredWith } from './compare/measured.mjs';

const HELP = `npm run bench -- [name …] [options]

  --quick       few rounds: whether it runs, not how fast
  --json FILE   the tables, too, with what they were measured with
  --no-build    with what was compiled before

There are: ${BENCHES.join(', ')}`;

const require = createRequire(import.meta.url);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const { values, positionals } = read();
if (values.quick) process.env.BENCH_QUICK = '1';
if (!values['no-build']) build();

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
try {
  for (const name of positionals.length > 0 ? positionals : BENCHES) tables.push(...(await measure(name)));
} finally {
  await redis.stop();
  await postgres?.stop();
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify({ tables }));

async function measure(name) {
  const [run] = Object.values(await import(`../bench/${name}.mjs`));
  const found = await run({
    ...exported,
    CacheInstance,
    Test,
    RedisEnv,
    openDatabase,
    url: redis.url,
    prefix: `bench-${randomUUID()}:`,
  });
  for (const { title, rows } of found) {
    console.log(`\n${title}`);
    console.table(rows);
  }
  return found.map(({ title, rows, versions = [] }) => ({
    title,
    rows,
    measured: measuredWith({ redis: redis.version, postgres: postgres?.version, versions, others: beneath(rows) }),
  }));
}

function read() {
  const boolean = { type: 'boolean' };
  const options = { quick: boolean, 'no-build': boolean, help: boolean, json: { type: 'string' } };
  try {
    const parsed = parseArgs({ options, allowPositionals: true });
    const unknown = parsed.positionals.filter((name) => !BENCHES.includes(name));
    if (unknown.length > 0) throw new Error(`There is no benchmark ${unknown.join(', ')}.`);
    if (parsed.values.help) {
      console.log(HELP);
      process.exit(0);
    }
    return parsed;
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(1);
  }
}

function build() {
  const { status } = spawnSync(process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build'], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
