import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { unpackRedis, unpackRedisOf } from './debian-package.js';
import { TestEnvironmentError } from './test-environment-error.js';

/** A Redis or Valkey server program of this machine. */
export interface RedisBinary {
  readonly command: string;
  /** Added to the environment of the server. */
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
  /** Where it was found, for the first line of a test run. */
  readonly origin: string;
}

export const PACKAGE_CACHE = resolve(__dirname, '../../node_modules/.cache/mobius-redis');
const PROGRAMS = ['redis-server', 'valkey-server'];

let found: Promise<RedisBinary> | undefined;

/**
 * The server program on the PATH, else Debian's package unpacked into node_modules/.cache.
 *
 * @throws TestEnvironmentError `NO_REDIS`
 */
export function findRedisBinary(): Promise<RedisBinary> {
  found ??= onPath() ?? unpacked(PACKAGE_CACHE);
  return found;
}

/** Debian's package in `directory`, fetched if it is not there. */
export async function unpacked(directory: string): Promise<RedisBinary> {
  const { command, env } = await unpackRedis(directory);
  const binary = describeBinary(command, env, 'Debian package');
  if (binary) return binary;
  throw new TestEnvironmentError('NO_REDIS', `${command} does not run here. Install Redis or set REDIS_URL.`);
}

/** Debian 13 has Redis 8. */
const RELEASE_WITH_REDIS_8 = 'trixie';

/**
 * A Redis 8 program: the one on the PATH, if it is one, else that of Debian 13, on whatever Debian this is.
 *
 * @throws TestEnvironmentError `NO_REDIS`
 */
export async function findRedis8(): Promise<RedisBinary> {
  const here = await onPath();
  if (here !== undefined && Number.parseInt(here.version, 10) >= 8 && !here.command.includes('valkey')) return here;
  const { command, env } = await unpackRedisOf(RELEASE_WITH_REDIS_8, `${PACKAGE_CACHE}-8`);
  const binary = describeBinary(command, env, 'package of Debian 13');
  if (binary) return binary;
  throw new TestEnvironmentError('NO_REDIS', `${command} does not run here. Put a Redis 8 on the PATH.`);
}

function onPath(): Promise<RedisBinary> | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const program of PROGRAMS) {
    for (const folder of folders) {
      const command = join(folder, program);
      const binary = isExecutable(command) && describeBinary(command, {}, `${program} on the PATH`);
      if (binary) return Promise.resolve(binary);
    }
  }
  return undefined;
}

function describeBinary(command: string, env: Record<string, string>, origin: string): RedisBinary | undefined {
  const { status, stdout } = spawnSync(command, ['--version'], { env: { ...process.env, ...env }, encoding: 'utf8' });
  const version = status === 0 ? /\bv=(\S+)/.exec(stdout)?.[1] : undefined;
  return version === undefined ? undefined : { command, env, version, origin };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
