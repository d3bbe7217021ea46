// The data directory of a local PostgreSQL: who may use it, whether a server runs on it, and its first filling.
//
// No lock of our own is needed for two starts at the same time. A cluster is initialised beside its place and renamed
// into it, which the file system allows once; and PostgreSQL itself lets one server only onto a data directory
// (postmaster.pid). The loser of either race finds the winner's work and uses it.
import { spawnSync } from 'node:child_process';
import { randomBytes, createHash } from 'node:crypto';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
} from 'node:fs';
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LocalPostgresError, findBinaries, ownTemporaryDirectory } from './postgres-binaries.mjs';

/** PostgreSQL refuses to run as root: it runs as `nobody` then. The number is the same on Linux distributions. */
const NOBODY = { uid: 65534, gid: 65534 };

/** Makes `dir` ready to hold a cluster. Returns { data, user, binaries }. */
export function prepareDirectory(dir) {
  const user = process.getuid?.() === 0 ? ownerOf(join(dir, 'data')) : {};
  const binaries = findBinaries(user);
  let home = resolve(dir);
  try {
    mkdirSync(home, { recursive: true });
    accessSync(home, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const advice = 'Choose a directory that you can write, or set DATABASE_URL to a PostgreSQL of your own.';
    throw new LocalPostgresError(`The data directory ${home} cannot be written (${cause.code}). ${advice}`, { cause });
  }
  if (user.uid !== undefined && !canEnter(home, user)) {
    home = ownTemporaryDirectory(
      `mobius-postgres-data-${createHash('sha256').update(home).digest('hex').slice(0, 12)}`,
    );
  }
  return { data: join(realpathSync(home), 'data'), user, binaries };
}

/** Initialises the cluster unless there is one, and returns its password. */
export function initialise({ data, user, binaries }) {
  if (!existsSync(data)) createCluster({ data, user, binaries });
  try {
    const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
    const major = binaries.version.split('.')[0];
    if (found === major) return readFileSync(join(data, 'password'), 'utf8');
    throw new LocalPostgresError(
      `${data} holds a cluster of PostgreSQL ${found}, not ${major}. Remove it to start anew.`,
    );
  } catch (cause) {
    if (cause instanceof LocalPostgresError) throw cause;
    const advice = 'Remove it to start anew, or run as the user who made it.';
    throw new LocalPostgresError(`${data} holds no readable cluster of this tool (${cause.code}). ${advice}`, {
      cause,
    });
  }
}

/** The server that runs on `data`: { pid, port, ready }, or undefined. A pid file left behind by a crash is removed. */
export function findServer(data) {
  const file = join(data, 'postmaster.pid');
  let lines;
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Number(lines[0]);
  if (!pid) return { pid: 0, port: 0, ready: false }; // just being written
  if (isServer(pid, data)) return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  // PostgreSQL would refuse to start when the number of the dead server now belongs to any other process of the user.
  rmSync(file, { force: true });
  return undefined;
}

/** Whether a process of this number exists. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function isServer(pid, data) {
  if (!isAlive(pid)) return false;
  if (process.platform === 'win32') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(data);
  } catch {
    if (existsSync('/proc/self')) return false;
    return spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(data);
  }
}

function createCluster({ data, user, binaries }) {
  const fresh = mkdtempSync(`${data}.`);
  const passwordFile = `${fresh}.password`;
  try {
    const password = randomBytes(16).toString('hex');
    writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
    if (user.uid !== undefined) {
      for (const path of [fresh, passwordFile]) chownSync(path, user.uid, user.gid);
    }
    // prettier-ignore
    const args = ['-D', fresh, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C', '--no-sync'];
    const run = spawnSync(binaries.initdb, args, { ...user, cwd: '/', encoding: 'utf8' });
    if (run.status !== 0) {
      throw new LocalPostgresError(`initdb failed in ${fresh}: ${run.error?.message ?? run.stderr.trim()}`);
    }
    renameSync(passwordFile, join(fresh, 'password'));
    renameSync(fresh, data);
  } catch (error) {
    // Somebody else was faster: his cluster is as good.
    if (!existsSync(join(data, 'PG_VERSION'))) throw error;
  } finally {
    for (const path of [fresh, passwordFile]) rmSync(path, { recursive: true, force: true });
  }
}

/** Root takes the identity of the cluster's owner, so that a cluster made without root can be used by root. */
function ownerOf(data) {
  try {
    const { uid, gid } = statSync(data);
    return uid === 0 ? NOBODY : { uid, gid };
  } catch {
    return NOBODY;
  }
}

function canEnter(path, user) {
  return spawnSync('sh', ['-c', 'cd "$1"', 'sh', path], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}
