import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

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
export function mayHaveDocker(): boolean {
  return process.env.DOCKER_HOST !== undefined || sockets().some((path) => existsSync(path));
}
