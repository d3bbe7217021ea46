import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RedisServer } from './redis-server.js';

const IMAGE = 'redis:7-alpine';

/** Where Docker Desktop, rootless Docker, Colima, OrbStack and Podman put their sockets. */
function sockets(): string[] {
  const home = homedir();
  const runtime = process.env.XDG_RUNTIME_DIR;
  return [
    '/var/run/docker.sock',
    join(home, '.docker/run/docker.sock'),
    join(home, '.docker/desktop/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
    join(home, '.testcontainers.properties'),
    '//./pipe/docker_engine',
    ...(runtime === undefined ? [] : [join(runtime, 'docker.sock'), join(runtime, 'podman/podman.sock')]),
  ];
}

/** A look at the file system, so that machines without Docker lose no time on loading a client for it. */
function mayHaveDocker(): boolean {
  return process.env.DOCKER_HOST !== undefined || sockets().some((path) => existsSync(path));
}

/** Redis in a container, or undefined without Docker: whatever fails here means "no Docker". */
export async function startContainer(args: readonly string[]): Promise<RedisServer | undefined> {
  if (!mayHaveDocker()) return undefined;
  try {
    const { RedisContainer } = await import('@testcontainers/redis');
    const container = await new RedisContainer(IMAGE)
      .withCommand(['redis-server', '--save', '', '--appendonly', 'no', ...args])
      .start();
    const facts = await container.executeCliCmd('info', ['server']);
    return {
      url: container.getConnectionUrl(),
      kind: `${IMAGE} in Docker`,
      version: /redis_version:(\S+)/.exec(facts)?.[1] ?? 'unknown',
      stop: async () => {
        await container.stop();
      },
    };
  } catch {
    return undefined;
  }
}
