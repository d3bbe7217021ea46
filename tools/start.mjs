// `npm start`: the application with everything it needs, from a fresh clone to a running server.
//
// Builds when the sources are newer than the build, brings a PostgreSQL when no DATABASE_URL is set, and runs the
// application, which migrates and fills its database itself. `--watch` compiles and restarts at every change. A signal
// goes to the application first; the database stops after it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import guard from './orphan-guard.cjs';
import { LocalPostgresError, startPostgres } from './local-postgres.mjs';
import { whenNpmEnds } from './npm-parent.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = 'dist/src/main.js';
const NEST = 'node_modules/@nestjs/cli/bin/nest.js';
const SOURCES = ['src', 'libs', 'prisma', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

process.chdir(ROOT);
if (existsSync('.env')) process.loadEnvFile('.env');
const watch = process.argv.includes('--watch');
/** Nest's watcher does not hand signals on to the application it runs: both are signalled, as a process group. */
const GROUP = watch && process.platform !== 'win32';
/** The application cuts off what it has not answered after 5 s. */
const GROUP_DEADLINE_MS = 6_000;

if (watch) requireCompiler('npm run start:dev');
else if (needsBuild()) build();

let database;
let stopping;
let app;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
whenNpmEnds(() => stop('SIGTERM'));

const url = process.env.DATABASE_URL?.trim() || (await startDatabase());
process.exitCode = stopping ? 0 : await runApp({ ...process.env, DATABASE_URL: url });
await database?.stop();
process.exit();

function needsBuild() {
  if (!existsSync(MAIN)) return true;
  // A production image holds the build and no compiler; its files have whatever times the copy gave them.
  if (!existsSync(NEST)) return false;
  return SOURCES.some((path) => newest(path) > statSync(MAIN).mtimeMs);
}

/** When something in `path` was changed last. Directories count too: a deleted file leaves no other trace. */
function newest(path) {
  if (!existsSync(path)) return 0;
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  const inside = readdirSync(path).filter((name) => name !== 'node_modules');
  return Math.max(stats.mtimeMs, ...inside.map((name) => newest(join(path, name))));
}

function build() {
  requireCompiler('npm run build');
  console.log('building …');
  const generate = spawnSync(process.execPath, ['tools/prisma.mjs', 'generate'], { encoding: 'utf8' });
  if (generate.status !== 0) fail(`${generate.stdout}${generate.stderr}`, generate.status);
  const { status } = spawnSync(process.execPath, [NEST, 'build'], { stdio: 'inherit' });
  if (status !== 0) fail('The build failed; see above.', status);
}

function requireCompiler(command) {
  if (!existsSync(NEST)) fail(`\`${command}\` needs the development dependencies: run \`npm ci\` without --omit=dev.`);
}

async function startDatabase() {
  try {
    database = await startPostgres({ dir: join(ROOT, '.local', 'postgres') });
  } catch (error) {
    fail(error instanceof LocalPostgresError ? error.message : error);
  }
  const { host } = new URL(database.url);
  // Elsewhere than asked for when another user, as whom it must run, cannot enter this directory.
  const inside = relative(ROOT, database.data);
  const data = inside.startsWith('..') ? database.data : inside;
  console.log(
    `database: PostgreSQL of its own at ${host}, ${database.reused ? 'already running on' : 'data in'} ${data}`,
  );
  return database.url;
}

/** Resolves to the exit code of the application. */
function runApp(env) {
  // A URL that is none is reported by the application, with everything else that is wrong.
  if (!database && URL.canParse(env.DATABASE_URL))
    console.log(`database: ${new URL(env.DATABASE_URL).host} (DATABASE_URL)`);
  const command = watch ? [NEST, 'start', '--watch', '--preserveWatchOutput'] : ['--enable-source-maps', MAIN];
  const stdio = [watch ? 'ignore' : 'inherit', 'inherit', 'inherit'];
  return new Promise((resolve) => {
    app = spawn(process.execPath, command, { stdio, env, detached: GROUP });
    const orphan = guard.guardOrphan({ pid: GROUP ? -app.pid : app.pid, signal: 'TERM' });
    app.on('error', (error) => {
      console.error(`The application did not start: ${error.message}`);
      resolve(1);
    });
    // Ended by the signal that was passed on, it did what it was told.
    app.on('exit', async (code, signal) => {
      await groupEnd();
      orphan.release();
      resolve(code ?? (signal === stopping ? 0 : 1));
    });
  });
}

function stop(signal) {
  stopping = signal;
  if (app) signalApp(signal);
}

function signalApp(signal) {
  try {
    if (GROUP) process.kill(-app.pid, signal);
    else app.kill(signal);
  } catch {
    // It has ended already: an impatient second Ctrl-C.
  }
}

/** Nest's watcher ends before the application does, which still needs its database. */
async function groupEnd() {
  const deadline = Date.now() + GROUP_DEADLINE_MS;
  while (GROUP && Date.now() < deadline) {
    try {
      process.kill(-app.pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
}

function fail(reason, code = 1) {
  console.error(reason);
  process.exit(code || 1);
}
