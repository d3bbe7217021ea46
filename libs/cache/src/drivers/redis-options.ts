import type { ConnectionOptions } from 'node:tls';
import { type OptionCheck } from '@mobius1/kernel';
import { isCluster, type RedisClient } from './redis-client.js';

/** A node of a Redis Cluster (port 6379 unless said), or a Sentinel (26379). */
export interface RedisNode {
  /** Name or address. */
  readonly host: string;
  /** @default 6379, of a Sentinel 26379 */
  readonly port?: number;
}

/** How many replicas have to confirm an invalidation, and how long that is waited for. */
export interface WaitReplicasOptions {
  /** Replicas that must have it, 1 to 100. */
  readonly replicas: number;
  /** Milliseconds, 1 to 60,000. @default 100 */
  readonly timeout?: number;
}

/** Where Redis is and how to talk to it. One of `client`, `url`, `cluster`, `sentinels`, `host`. */
export interface RedisOptions {
  /** A client of your own (`Redis` or `Cluster` of ioredis 5 or 6, without `keyPrefix`); it is never closed by us. */
  readonly client?: unknown;
  /** `redis://user:password@host:port/db`, or `rediss://` for TLS; wins over the single fields. */
  readonly url?: string;
  /** @default 'localhost' */
  readonly host?: string;
  /** @default 6379 */
  readonly port?: number;
  /** @default the server's default user */
  readonly username?: string | undefined;
  /** Never logged. @default none */
  readonly password?: string | undefined;
  /** Number of the database. @default 0 */
  readonly db?: number;
  /** Stands before every key, so that several applications can share a server. @default 'mobius1:' */
  readonly keyPrefix?: string;
  /** TLS options, or `true` for the defaults; for Sentinels and all nodes of a Cluster, too. @default off */
  readonly tls?: boolean | ConnectionOptions;
  /** Sentinels that know the master; needs `name`. */
  readonly sentinels?: readonly RedisNode[];
  /** Name of the master the Sentinels watch. */
  readonly name?: string;
  /** Some nodes of a Redis Cluster; the rest is discovered. */
  readonly cluster?: readonly RedisNode[];
  /** How often ioredis retries a command of `getClient()` across reconnects. Cache commands are never retried. @default 3 */
  readonly maxRetriesPerRequest?: number | null;
  /** Milliseconds to establish a connection. @default 10_000 */
  readonly connectTimeout?: number;
  /** Milliseconds the cache waits for a reply before it goes on without Redis. @default 50 */
  readonly commandTimeout?: number;
  /** Connections for commands that block (BLPOP, subscriptions), lent by `RedisService.blocking()`. @default 0 */
  readonly pool?: number;
  /**
   * Invalidations return when so many replicas have them, too, or the time is over; for a single server and Sentinel.
   * Narrows what a failover can undo; costs a connection, and a round trip to the replicas. @default none
   */
  readonly waitReplicas?: WaitReplicasOptions;
}

export const REDIS_DEFAULTS = Object.freeze({
  host: 'localhost',
  port: 6379,
  db: 0,
  keyPrefix: 'mobius1:',
  maxRetriesPerRequest: 3,
  connectTimeout: 10_000,
  // Far above a healthy reply (well under 1 ms on a local network), far below what a user notices.
  commandTimeout: 50,
  pool: 0,
});

const KNOWN: readonly string[] = [
  ...[
    'client',
    'url',
    'host',
    'port',
    'username',
    'password',
    'db',
    'keyPrefix',
    'tls',
    'sentinels',
    'name',
    'cluster',
  ],
  ...['maxRetriesPerRequest', 'connectTimeout', 'commandTimeout', 'pool', 'waitReplicas'],
];

/** Completes "expected …". */
export const REDIS_URL =
  "a URL like 'redis://localhost:6379/0', in whose password @ : / ? # are written %40 %3A %2F %3F %23";

/** True for what ioredis can take apart. What stands behind an unescaped sign of a password would be taken for the host. */
export function isRedisUrl(url: unknown): boolean {
  if (typeof url !== 'string' || !/^rediss?:\/\/\S+$/.test(url) || !URL.canParse(url)) return false;
  const { pathname, search, hash } = new URL(url);
  return ![pathname, search, hash].some((part) => part.includes('@'));
}

/** Checks Redis options; problems go to `check` under `scope`. */
export function checkRedisOptions(check: OptionCheck, options: RedisOptions, scope = 'redis'): void {
  const at = (name: string): string => (scope === '' ? name : `${scope}.${name}`);
  if (!isObject(options)) {
    check.problem(
      scope === '' ? 'options' : scope,
      "an object like { host: 'localhost' } or { url: 'redis://localhost:6379' }",
      options,
    );
    return;
  }
  check.unknownKeys(scope, options, KNOWN);
  check.string(at('host'), options.host, { max: 255 });
  check.integerBetween(at('port'), options.port, 1, 65_535);
  check.integerBetween(at('db'), options.db, 0, 1_000_000);
  check.string(at('keyPrefix'), options.keyPrefix, { max: 128, empty: true });
  check.positiveInteger(at('connectTimeout'), options.connectTimeout);
  check.positiveInteger(at('commandTimeout'), options.commandTimeout);
  check.integerBetween(at('pool'), options.pool, 0, 100);
  check.string(at('username'), options.username, { empty: true });
  check.string(at('password'), options.password, { empty: true });
  if (options.maxRetriesPerRequest !== null) {
    check.integerBetween(at('maxRetriesPerRequest'), options.maxRetriesPerRequest, 0, 1000);
  }
  if (options.url !== undefined && !isRedisUrl(options.url)) check.problem(at('url'), REDIS_URL, options.url);
  if (options.tls !== undefined && typeof options.tls !== 'boolean' && !isObject(options.tls)) {
    check.problem(at('tls'), 'true, false or the options of node:tls', options.tls);
  }
  checkNodes(check, at('sentinels'), options.sentinels);
  checkNodes(check, at('cluster'), options.cluster);
  checkWaitReplicas(check, options, at('waitReplicas'));
  if (leadsToCluster(options) && /^[^{]*\{\}/.test(options.keyPrefix ?? '')) {
    const hint = "Redis takes no hash tag from keys that begin so, and the cache's own keys need one";
    check.problem(at('keyPrefix'), 'no {} before any other brace, in a Cluster', options.keyPrefix, hint);
  }
  if (options.sentinels !== undefined && options.name === undefined) {
    check.problem(at('name'), 'the name of the master that the Sentinels watch', undefined);
  }
}

function checkNodes(check: OptionCheck, path: string, nodes: unknown): void {
  if (nodes === undefined) return;
  if (!Array.isArray(nodes) || nodes.length === 0) check.problem(path, 'a list of { host, port }', nodes);
  else for (const node of nodes as unknown[]) checkNode(check, `${path}[]`, node);
}

function checkNode(check: OptionCheck, path: string, node: unknown): void {
  check.unknownKeys(path, node, ['host', 'port']);
  if (!isObject(node)) {
    if (node === undefined) check.problem(path, '{ host, port }', node);
    return;
  }
  const { host, port } = node as Partial<RedisNode>;
  check.required(`${path}.host`, host, 'a name or an address');
  check.string(`${path}.host`, host, { max: 255 });
  check.integerBetween(`${path}.port`, port, 1, 65_535);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const leadsToCluster = ({ cluster, client }: RedisOptions): boolean =>
  cluster !== undefined || isCluster(client as RedisClient | undefined);

function checkWaitReplicas(check: OptionCheck, options: RedisOptions, path: string): void {
  const { waitReplicas } = options;
  if (waitReplicas === undefined) return;
  check.unknownKeys(path, waitReplicas, ['replicas', 'timeout']);
  check.required(`${path}.replicas`, waitReplicas.replicas, 'a number from 1 to 100');
  check.integerBetween(`${path}.replicas`, waitReplicas.replicas, 1, 100);
  check.integerBetween(`${path}.timeout`, waitReplicas.timeout, 1, 60_000);
  if (leadsToCluster(options)) {
    const hint = 'WAIT asks one master only; each master of a Cluster has replicas of its own';
    check.problem(path, 'nothing, in a Cluster', waitReplicas, hint);
  }
}

/** Host and port for messages; never a user or password. */
export function placeOf({ client, url, cluster, sentinels, name, host, port }: RedisOptions): string {
  if (client !== undefined) return 'Redis (given client)';
  if (cluster !== undefined)
    return `Redis Cluster at ${cluster[0]?.host ?? '?'}:${cluster[0]?.port ?? REDIS_DEFAULTS.port}`;
  if (sentinels !== undefined) return `Redis ${name ?? '?'} (Sentinel)`;
  if (url !== undefined) {
    if (!URL.canParse(url)) return 'Redis';
    const { hostname, port: given } = new URL(url);
    return `Redis at ${hostname}:${given || REDIS_DEFAULTS.port}`;
  }
  return `Redis at ${host ?? REDIS_DEFAULTS.host}:${port ?? REDIS_DEFAULTS.port}`;
}
