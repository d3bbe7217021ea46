import { Redis } from 'ioredis';
import { TestEnvironmentError } from './test-environment-error.js';

/** A Redis that serves a suite or a whole test run, wherever it comes from. */
export interface RedisServer {
  readonly url: string;
  /** Where it comes from, for people. */
  readonly kind: string;
  readonly version: string;
  /** Leaves a Redis alone that somebody else started. */
  stop(): Promise<void>;
}

/**
 * The Redis that already listens at `url`.
 *
 * @throws TestEnvironmentError `NO_REDIS` if nothing answers there
 */
export async function serverAt(url: string, kind: string): Promise<RedisServer> {
  const client = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 5_000,
  });
  client.on('error', () => undefined);
  try {
    const facts = await client.info('server');
    const version = /redis_version:(\S+)/.exec(facts)?.[1] ?? 'unknown';
    return { url, kind, version, stop: () => Promise.resolve() };
  } catch (cause) {
    const { host } = new URL(url);
    const message = `No Redis answers at ${host}. Start it, or unset REDIS_URL to let the tests start their own.`;
    throw new TestEnvironmentError('NO_REDIS', message, { cause });
  } finally {
    client.disconnect();
  }
}
