import { findRedis8, findRedisBinary } from './redis-binary.js';
import { startCluster, type ClusterTopology } from './redis-cluster.js';
import { startContainer } from './redis-container.js';
import { RedisProcess, type RedisProcessOptions } from './redis-process.js';
import { startReplica, type ReplicaTopology } from './redis-replica.js';
import { startSentinel, type SentinelTopology } from './redis-sentinel.js';
import { serverAt, type RedisServer } from './redis-server.js';
import { TestEnvironmentError } from './test-environment-error.js';
import { type ProxyTarget, TcpProxy } from './tcp-proxy.js';

/**
 * Real Redis servers for tests.
 *
 * `start` takes what there is, in this order: the Redis of the test run (TEST_REDIS_URL), REDIS_URL, Docker, a
 * redis-server or valkey-server on the PATH, Debian's package. All the others need a program of this machine, because
 * they send signals to processes and keep their ports. All of them throw a TestEnvironmentError `NO_REDIS` without Redis.
 */
export const RedisEnv = {
  /** Suites share it: they use a prefix of their own (`uniquePrefix`). With `args`, a new one with these arguments. */
  async start({ args }: { args?: readonly string[] } = {}): Promise<RedisServer> {
    if (args === undefined) {
      const { TEST_REDIS_URL: shared, REDIS_URL: given } = process.env;
      if (shared) return serverAt(shared, 'TEST_REDIS_URL');
      if (given) return serverAt(given, 'REDIS_URL');
    }
    return (await startContainer(args ?? [])) ?? startLocal(args ?? []);
  },

  /** A server of your own to kill, freeze and restart. */
  async process(options: RedisProcessOptions = {}): Promise<RedisProcess> {
    return RedisProcess.start(await findRedisBinary(), options);
  },

  /** A server of version 8, which has vector sets; `undefined` where none is to be had. */
  async redis8(): Promise<RedisProcess | undefined> {
    try {
      return await RedisProcess.start(await findRedis8());
    } catch (error) {
      if (error instanceof TestEnvironmentError && error.code === 'NO_REDIS') return undefined;
      throw error;
    }
  },

  /** A line to a server that can delay, cut, freeze and throttle. */
  async proxy(server: ProxyTarget): Promise<TcpProxy> {
    return TcpProxy.start(server);
  },

  /** 1 master, 1 replica. */
  async replica(): Promise<ReplicaTopology> {
    return startReplica(await findRedisBinary());
  },

  /** 1 master, 1 replica, 3 sentinels. */
  async sentinel(): Promise<SentinelTopology> {
    return startSentinel(await findRedisBinary());
  },

  /** 3 masters, 3 replicas. */
  async cluster(): Promise<ClusterTopology> {
    return startCluster(await findRedisBinary());
  },
} as const;

async function startLocal(args: readonly string[]): Promise<RedisServer> {
  const binary = await findRedisBinary();
  const server = await RedisProcess.start(binary, { args });
  return { url: server.url, kind: binary.origin, version: binary.version, stop: () => server.stop() };
}
