import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { TestEnvironmentError } from './test-environment-error.js';

/** redis-server is a link to a program of redis-tools; the libraries are read from the packages' own dependencies. */
const PACKAGES = ['redis-server', 'redis-tools'];
/** The C library of the machine must serve: a second one beside it does not load. */
const LEFT_TO_THE_MACHINE = ['libc6'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const LAUNCHER = 'redis-server';
/** Starts the server with the loader and the libraries that it came with. */
const LAUNCH = `#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/usr
loader=$(ls "$root"/lib/*/ld-linux*.so.? "$root"/lib64/ld-linux*.so.? 2>/dev/null | head -n 1)
exec "$loader" --library-path "$(echo "$root"/lib/*-linux-gnu)" --argv0 redis-server "$root/bin/redis-check-rdb" "$@"
`;
/** A mirror that answers takes 2 s in all. */
const COMMAND_TIMEOUT_MS = 60_000;

export interface UnpackedRedis {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Fetches Debian's (or Ubuntu's) Redis into `directory` without root: apt works in directories of its own, the packages
 * are unpacked, not installed. Safe against others doing the same: each works in its own directory, the first to rename it wins.
 *
 * @throws TestEnvironmentError `NO_REDIS`
 */
export async function unpackRedis(directory: string): Promise<UnpackedRedis> {
  const target = await unpackInto(directory, fetchAndUnpack);
  return { command: join(target, 'usr/bin/redis-server'), env: { LD_LIBRARY_PATH: libraryPath(target) } };
}

/**
 * The same for the Redis of another release of Debian, with all its libraries, the C library included: it is started by its own loader.
 *
 * @throws TestEnvironmentError `NO_REDIS`
 */
export async function unpackRedisOf(release: string, directory: string): Promise<UnpackedRedis> {
  const target = await unpackInto(directory, (fresh) => fetchRelease(release, fresh));
  return { command: join(target, LAUNCHER), env: {} };
}

async function unpackInto(directory: string, fetch: (fresh: string) => Promise<void>): Promise<string> {
  const target = resolve(directory);
  if (!existsSync(target)) {
    mkdirSync(dirname(target), { recursive: true });
    const fresh = mkdtempSync(`${target}.`);
    try {
      await fetch(fresh);
      renameSync(join(fresh, 'root'), target);
    } catch (cause) {
      if (!existsSync(target)) throw cannotUnpack(cause);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  return target;
}

async function fetchAndUnpack(fresh: string): Promise<void> {
  const { cwd, apt } = prepare(fresh);
  await apt('update');
  await apt('download', ...PACKAGES);
  const libraries = await Promise.all(archives(cwd).map((archive) => librariesOf(archive, cwd)));
  const wanted = libraries.flat().filter((name) => !LEFT_TO_THE_MACHINE.includes(name));
  await apt('download', ...new Set(wanted));
  for (const archive of archives(cwd)) await run('dpkg-deb', ['-x', archive, join(fresh, 'root')], cwd);
}

async function fetchRelease(release: string, fresh: string): Promise<void> {
  const { cwd, apt } = prepare(fresh);
  // Where this machine has its packages from, there are those of other releases, too.
  const sites = await run(
    'apt-get',
    ['indextargets', '--format', '$(SITE)', 'Origin: Debian', 'Created-By: Packages'],
    cwd,
  );
  const site = sites.split('\n', 1)[0] ?? '';
  if (site === '') throw new Error('apt knows no source of Debian.');
  const list = join(fresh, 'sources.list');
  writeFileSync(list, `deb [signed-by=${KEYRING}] ${site} ${release} main\n`);
  const elsewhere = [`Dir::Etc::sourcelist=${list}`, 'Dir::Etc::sourceparts=/dev/null', 'Dir::State::status=/dev/null'];
  const only = elsewhere.flatMap((setting) => ['-o', setting]);
  await apt(...only, 'update');
  let wanted = PACKAGES;
  for (const fetched = new Set<string>(); wanted.length > 0;) {
    const before = archives(cwd);
    await apt(...only, 'download', ...wanted);
    for (const name of wanted) fetched.add(name);
    const fresh = archives(cwd).filter((archive) => !before.includes(archive));
    const libraries = await Promise.all(fresh.map((archive) => librariesOf(archive, cwd)));
    wanted = [...new Set(libraries.flat())].filter((name) => !fetched.has(name));
  }
  for (const archive of archives(cwd)) await run('dpkg-deb', ['-x', archive, join(fresh, 'root')], cwd);
  writeFileSync(join(fresh, 'root', LAUNCHER), LAUNCH, { mode: 0o755 });
}

function prepare(fresh: string) {
  const state = ['lists/partial', 'cache/archives/partial', 'packages', 'root'].map((name) => join(fresh, name));
  for (const path of state) mkdirSync(path, { recursive: true });
  const cwd = join(fresh, 'packages');
  const settings = [
    `Dir::State::lists=${join(fresh, 'lists')}`,
    `Dir::Cache=${join(fresh, 'cache')}`,
    'Debug::NoLocking=1',
    'APT::Sandbox::User=',
    'Acquire::Retries=1',
    'Acquire::http::Timeout=10',
  ].flatMap((setting) => ['-o', setting]);
  return { cwd, apt: (...args: readonly string[]) => run('apt-get', [...settings, ...args], cwd) };
}

function archives(cwd: string): string[] {
  return readdirSync(cwd).filter((name) => name.endsWith('.deb'));
}

/** `adduser, libssl3 (>= 3.0.0), libjemalloc2` → the libraries' names. Of alternatives the first. */
async function librariesOf(archive: string, cwd: string): Promise<string[]> {
  const depends = await run('dpkg-deb', ['-f', archive, 'Depends'], cwd);
  const names = depends.split(',').map((entry) => /^[a-z0-9.+-]+/.exec(entry.trim())?.[0] ?? '');
  return names.filter((name) => /^(lib|zlib)/.test(name));
}

function libraryPath(root: string): string {
  const folders = ['usr/lib', 'lib'].map((name) => join(root, name)).filter((path) => existsSync(path));
  const perMachine = folders.flatMap((path) => readdirSync(path).map((name) => join(path, name)));
  return [...perMachine.filter((path) => path.includes('-linux-')), ...folders].join(':');
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, timeout: COMMAND_TIMEOUT_MS });
  return stdout;
}

function cannotUnpack(cause: unknown): TestEnvironmentError {
  const message =
    'No Redis for the tests: no REDIS_URL, no Docker, no redis-server or valkey-server on the PATH, and ' +
    `Debian's package could not be fetched (${reasonOf(cause)}). Install Redis (brew install redis, apt-get install redis-server), ` +
    'start Docker, or set REDIS_URL.';
  return new TestEnvironmentError('NO_REDIS', message, { cause });
}

/** What apt complained of first, or that there is no apt. */
function reasonOf(cause: unknown): string {
  const { message = '', stderr = '' } = cause as { message?: string; stderr?: string };
  return /^E: (.*)$/m.exec(stderr)?.[1] ?? message.split('\n')[0] ?? '';
}
