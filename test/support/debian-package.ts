import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { TestEnvironmentError } from './test-environment-error.js';

/** redis-server is a link to a program of redis-tools; the libraries are read from the packages' own dependencies. */
const PACKAGES = ['redis-server', 'redis-tools'];
/** The C library of the machine must serve: a second one beside it does not load. */
const LEFT_TO_THE_MACHINE = ['libc6'];
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
  const target = resolve(directory);
  if (!existsSync(target)) {
    mkdirSync(dirname(target), { recursive: true });
    const fresh = mkdtempSync(`${target}.`);
    try {
      await fetchAndUnpack(fresh);
      renameSync(join(fresh, 'root'), target);
    } catch (cause) {
      if (!existsSync(target)) throw cannotUnpack(cause);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  return { command: join(target, 'usr/bin/redis-server'), env: { LD_LIBRARY_PATH: libraryPath(target) } };
}

async function fetchAndUnpack(fresh: string): Promise<void> {
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
  await run('apt-get', [...settings, 'update'], cwd);
  await run('apt-get', [...settings, 'download', ...PACKAGES], cwd);
  const libraries = await Promise.all(archives(cwd).map((archive) => librariesOf(archive, cwd)));
  await run('apt-get', [...settings, 'download', ...new Set(libraries.flat())], cwd);
  for (const archive of archives(cwd)) await run('dpkg-deb', ['-x', archive, join(fresh, 'root')], cwd);
}

function archives(cwd: string): string[] {
  return readdirSync(cwd).filter((name) => name.endsWith('.deb'));
}

/** `adduser, libssl3 (>= 3.0.0), libjemalloc2` → the libraries' names. Of alternatives the first. */
async function librariesOf(archive: string, cwd: string): Promise<string[]> {
  const depends = await run('dpkg-deb', ['-f', archive, 'Depends'], cwd);
  const names = depends.split(',').map((entry) => /^[a-z0-9.+-]+/.exec(entry.trim())?.[0] ?? '');
  return names.filter((name) => name.startsWith('lib') && !LEFT_TO_THE_MACHINE.includes(name));
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
