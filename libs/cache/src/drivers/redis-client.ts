import { InvalidOptionsError } from '@mobius1/kernel';

type Argument = string | number | Buffer;

/**
 * The part of ioredis that the cache uses. Clients of ioredis 5 and 6, `Redis` and `Cluster`, fit; they are told apart by
 * what they can do, never by `instanceof`: two copies of ioredis in one process are common.
 */
export interface RedisClient {
  readonly status: string;
  /** The socket of a standalone client. */
  readonly stream?: { cork(): void; uncork(): void; once(event: 'end', listener: () => void): unknown } | null;
  connect(): Promise<unknown>;
  quit(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  ping(): Promise<string>;
  time(): Promise<unknown>;
  info(section: string): Promise<string>;
  getBuffer(key: string): Promise<Buffer | null>;
  mgetBuffer(...keys: string[]): Promise<(Buffer | null)[]>;
  set(key: string, value: string, px: 'PX', ms: number, nx?: 'NX'): Promise<unknown>;
  del(...keys: string[]): Promise<number>;
  publish(channel: string, message: string): Promise<unknown>;
  scan(cursor: string, match: 'MATCH', pattern: string, count: 'COUNT', size: number): Promise<[string, string[]]>;
  evalsha(sha: string, keys: number, ...args: Argument[]): Promise<unknown>;
  eval(lua: string, keys: number, ...args: Argument[]): Promise<unknown>;
  callBuffer(command: string, ...args: Argument[]): Promise<unknown>;
}

const NEEDED = [
  'connect',
  'quit',
  'on',
  'ping',
  'time',
  'info',
  'getBuffer',
  'mgetBuffer',
  'del',
  'publish',
  'evalsha',
  'eval',
];

interface ClientSettings {
  readonly keyPrefix?: unknown;
  readonly scaleReads?: unknown;
  readonly role?: unknown;
  readonly stringNumbers?: unknown;
  readonly redisOptions?: ClientSettings;
}

interface MaybeClient {
  readonly options?: ClientSettings;
  readonly nodes?: (role: 'master') => RedisClient[];
}

/** A client of the caller's, checked by what it can do. @throws InvalidOptionsError */
export function asRedisClient(value: unknown): RedisClient {
  const methods = value as Record<string, unknown> | null | undefined;
  const missing = NEEDED.filter((name) => typeof methods?.[name] !== 'function');
  if (missing.length > 0) {
    throw unfit('a Redis or Cluster of ioredis 5 or 6', value, `it lacks ${missing.join(', ')}`);
  }
  const { options = {} } = value as MaybeClient;
  const { keyPrefix, scaleReads = 'master', role = 'master' } = options;
  if (typeof keyPrefix === 'string' && keyPrefix !== '') {
    throw unfit('a client without a keyPrefix of its own', keyPrefix, 'give keyPrefix to the cache instead');
  }
  if (scaleReads !== 'master' || role !== 'master') {
    const given = scaleReads === 'master' ? { role } : { scaleReads };
    throw unfit('a client that reads from masters', given, 'a replica answers with what was invalidated a moment ago');
  }
  if (options.stringNumbers === true || options.redisOptions?.stringNumbers === true) {
    throw unfit('a client without stringNumbers', { stringNumbers: true }, 'the cache counts what Redis answers');
  }
  return value as RedisClient;
}

const unfit = (expected: string, given: unknown, hint: string): InvalidOptionsError =>
  new InvalidOptionsError('CacheModule', [{ path: 'redis.client', expected, given, hint }]);

/** The masters of a Cluster, or the client itself. */
export function mastersOf(client: RedisClient): RedisClient[] {
  const { nodes } = client as MaybeClient;
  return typeof nodes === 'function' ? nodes.call(client, 'master') : [client];
}

export const isCluster = (client: RedisClient | null | undefined): boolean =>
  typeof (client as MaybeClient | null | undefined)?.nodes === 'function';
