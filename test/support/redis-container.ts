import { mayHaveDocker } from './docker.js';
import type { RedisServer } from './redis-server.js';

const IMAGE = 'redis:7-alpine';

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
