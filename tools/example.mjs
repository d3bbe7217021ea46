// `npm run example [name]`: runs one of the applications in examples/, with the server that it needs; without a name, lists them.
// The output is that of the application alone. Whatever this starts ends with it.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from './local-postgres.mjs';
import { whenNpmEnds } from './npm-parent.mjs';

const require = createRequire(import.meta.url);
const HOOK = './test/support/ts-hook.cjs';

/** What an example reads from its environment, and where that comes from. */
const SERVERS = {
  prisma: { variable: 'DATABASE_URL', start: startDatabase },
  processes: { variable: 'REDIS_URL', start: startRedis },
};

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const names = readdirSync('examples').filter((name) => existsSync(join('examples', name, 'main.ts')));
const [name] = process.argv.slice(2);

if (name === undefined) list();
else if (names.includes(name)) process.exitCode = await run(name);
else fail(`There is no example ${name}. There are: ${names.join(', ')}`);

function list() {
  const width = Math.max(...names.map(({ length }) => length));
  for (const one of names) console.log(`npm run example ${one.padEnd(width)}   ${titleOf(one)}`);
}

function titleOf(example) {
  return /^# (.*)$/m.exec(readFileSync(join('examples', example, 'README.md'), 'utf8'))?.[1] ?? '';
}

/** Resolves to the exit code of the example. */
async function run(example) {
  const { variable, start } = SERVERS[example] ?? {};
  let server;
  let child;
  let told = false;
  const stop = () => {
    told = true;
    child?.kill();
  };
  // The example ends first, then its server. Ctrl-C in a terminal reaches both.
  process.on('SIGINT', () => (told = true));
  process.on('SIGTERM', stop);
  whenNpmEnds(stop);
  try {
    server = await start?.();
  } catch (error) {
    return fail(`The example ${example} has no server to run on: ${error.message}`);
  }
  try {
    const env = server === undefined ? process.env : { ...process.env, [variable]: server.url };
    if (told) return 1;
    child = spawn(process.execPath, ['-r', HOOK, join('examples', example, 'main.ts')], {
      env,
      stdio: 'inherit',
    });
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    await server?.stop();
  }
}

/** Always a new one, whatever DATABASE_URL says: the example makes tables. */
async function startDatabase() {
  const dir = mkdtempSync(join(tmpdir(), 'mobius-example-'));
  chmodSync(dir, 0o711); // for `nobody`, as whom it runs for root
  try {
    return await startPostgres({ dir, temporary: true });
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
}

/** The Redis at REDIS_URL, else one that lives as long as the example. */
function startRedis() {
  if (process.env.REDIS_URL) return undefined;
  require('../test/support/ts-hook.cjs');
  return require('../test/support/redis-env.ts').RedisEnv.process();
}

function fail(message) {
  console.error(message);
  return (process.exitCode = 1);
}
