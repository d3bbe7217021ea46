import { Cluster, Redis } from 'ioredis';
import { exponentialBackoff } from '@mobius1/kernel';
import { asRedisClient, type RedisClient } from './redis-client.js';
import { REDIS_DEFAULTS, type RedisOptions } from './redis-options.js';

// Reconnecting for as long as the process lives: soon at first, every two seconds at last, never in step with others.
const reconnect = exponentialBackoff({ base: 50, cap: 2_000, factor: 2, jitter: 'equal' });
/** Milliseconds until the next attempt to connect; never gives up. */
export const retryStrategy = (attempt: number): number => reconnect(attempt, Math.random());
/** A connection whose server sends nothing for this long while commands wait is dead: without this it stays half-open. */
export const SOCKET_TIMEOUT_MS = 5_000;
// How long a socket that is being closed may say goodbye. ioredis waits this long even for one that is closed already, and
// with its default of 2 s a program whose Redis is down would end that much later.
const DISCONNECT_TIMEOUT_MS = 100;
/**
 * What ioredis does when a Cluster cannot serve a slot now. By default it sends the command again every 100 ms, sixteen
 * times: each read would wait for its whole deadline while a master is being replaced, the breaker would open for all
 * the others, too, and a write could be applied long after it was given up. What TRYAGAIN answers, while the generations
 * are on their way to another master, it always sends again, sixteen times: at this pace it is over before the deadline.
 */
const CLUSTER_RETRIES = { retryDelayOnFailover: 0, retryDelayOnClusterDown: 0, retryDelayOnTryAgain: 1 };

// Long enough for a failover to get on, short enough to find the new master soon.
const READ_ONLY_PATIENCE_MS = 2_000;

/**
 * After a failover the old master answers READONLY, and reconnecting finds the new one. Not for every such answer: one that
 * stays a replica is still good for reads.
 */
function reconnectOnReadOnly(): (error: Error) => boolean {
  let last = -Infinity;
  return ({ message }) => {
    if (!message.startsWith('READONLY') || performance.now() - last < READ_ONLY_PATIENCE_MS) return false;
    last = performance.now();
    return true;
  };
}

/**
 * Makes the ioredis client of the options. Commands are neither queued while there is no connection nor sent again after
 * one was lost: a write that is applied late would bring back what was invalidated meanwhile.
 */
export function createRedis(options: RedisOptions): RedisClient {
  if (options.client !== undefined) return asRedisClient(options.client);
  const { tls } = options;
  const common = {
    username: options.username,
    password: options.password === '' ? undefined : options.password,
    db: options.db ?? REDIS_DEFAULTS.db,
    connectTimeout: options.connectTimeout ?? REDIS_DEFAULTS.connectTimeout,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    maxRetriesPerRequest:
      options.maxRetriesPerRequest === undefined ? REDIS_DEFAULTS.maxRetriesPerRequest : options.maxRetriesPerRequest,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    lazyConnect: true,
    retryStrategy,
    reconnectOnError: reconnectOnReadOnly(),
    ...(tls ? { tls: tls === true ? {} : tls } : {}),
  };
  if (options.cluster !== undefined) {
    const nodes = options.cluster.map(({ host, port }) => ({ host, port: port ?? REDIS_DEFAULTS.port }));
    const {
      retryStrategy: clusterRetryStrategy,
      lazyConnect,
      enableOfflineQueue: _queue,
      db: _db,
      ...redisOptions
    } = common;
    // A node is connected to by the first command for it, which has to wait for that; so do those that come meanwhile.
    const behaviour = { clusterRetryStrategy, lazyConnect, enableOfflineQueue: true, ...CLUSTER_RETRIES };
    return asRedisClient(new Cluster(nodes, { ...behaviour, redisOptions }));
  }
  if (options.sentinels !== undefined) {
    const sentinels = options.sentinels.map(({ host, port }) => ({ host, port: port ?? 26_379 }));
    // Without these two ioredis speaks in the clear behind Sentinels, whatever `tls` says.
    const encrypted = common.tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: common.tls };
    const behaviour = { name: options.name ?? '', sentinelRetryStrategy: retryStrategy };
    return asRedisClient(new Redis({ ...common, ...encrypted, ...behaviour, sentinels }));
  }
  if (options.url !== undefined) {
    const { username: _u, password: _p, db: _db, ...rest } = common;
    return asRedisClient(new Redis(options.url, { ...rest, ...(options.db === undefined ? {} : { db: options.db }) }));
  }
  const host = options.host ?? REDIS_DEFAULTS.host;
  return asRedisClient(new Redis({ ...common, host, port: options.port ?? REDIS_DEFAULTS.port }));
}
