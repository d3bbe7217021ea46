import { mayHaveDocker } from './docker.js';

const IMAGE = 'postgres:18-alpine';
const PORT = 5432;
const PASSWORD = 'mobius';
/** The image starts the server once to set it up, and once to stay. */
const STARTS = 2;

/** PostgreSQL in a container, or undefined without Docker: whatever fails here means "no Docker". */
export async function startPostgresContainer(): Promise<
  { url: string; kind: string; stop(): Promise<void> } | undefined
> {
  if (!mayHaveDocker()) return undefined;
  try {
    const { GenericContainer, Wait } = await import('testcontainers');
    const container = await new GenericContainer(IMAGE)
      .withEnvironment({ POSTGRES_PASSWORD: PASSWORD })
      .withExposedPorts(PORT)
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, STARTS))
      .start();
    return {
      url: `postgresql://postgres:${PASSWORD}@${container.getHost()}:${container.getMappedPort(PORT)}/postgres`,
      kind: `${IMAGE} in Docker`,
      stop: async () => {
        await container.stop();
      },
    };
  } catch {
    return undefined;
  }
}
