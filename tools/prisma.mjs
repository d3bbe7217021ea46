// The Prisma CLI (`npm run prisma -- migrate dev`) that also works where Prisma's server for engines cannot be reached.
//
// Every command of the CLI wants the native schema engine, which is no npm package but a download. Where it has been
// downloaded, it is used. Otherwise `schema-engine.mjs` takes its place; `generate`, `validate` and `format` only check
// that there is one. Without the CLI (`npm ci --omit=dev`) there is nothing to generate: the build carries the client.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const args = process.argv.slice(2);

const cli = resolve('prisma/build/index.js');
if (cli === undefined) {
  const optional = args[0] === 'generate';
  if (!optional) console.error('The Prisma CLI is a development dependency: run `npm ci` without --omit=dev.');
  process.exit(optional ? 0 : 1);
}

const env = { CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1', ...process.env };
if (!hasNativeEngine())
  env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(new URL('schema-engine.mjs', import.meta.url));
const { status, error } = spawnSync(process.execPath, [cli, ...args], { stdio: 'inherit', env });
if (error) console.error(`The Prisma CLI did not start: ${error.message}`);
process.exit(status ?? 1);

function resolve(path) {
  try {
    return require.resolve(path);
  } catch {
    return undefined;
  }
}

function hasNativeEngine() {
  // The CLI owns the engines, wherever npm has put them.
  const engines = createRequire(cli).resolve('@prisma/engines/package.json');
  return readdirSync(dirname(engines)).some((file) => /^schema-engine-(?!.*\.(gz|sha256|tmp)$)/.test(file));
}
