import { systemClock, withDeadline } from '@mobius1/kernel';
import pg from 'pg';
import {
  DatabaseClosedError,
  DatabaseUnreachableError,
  PoolDrainError,
  PoolQueueFullError,
  PoolTimeoutError,
} from '../core/errors.js';
import { classifyFailure } from '../core/failure.js';
import { PoolMeter, type PoolStats } from '../core/pool-stats.js';
import { cut, isUsable } from './connection-state.js';
import { ObservedClient, type ObservedClientConfig } from './observed-client.js';

/** What the pool tells whoever owns it. */
export interface PoolWatch {
  /** Asked before a connection is lent; throws when it must not be. */
  readonly mayLend: () => void;
  /** A connection was lent, after this wait: for one to be free, or for a new one. */
  readonly waited: (waitMs: number, forWhat: 'free' | 'new') => void;
  /** A connection has been lent for longer than `leakThreshold`. */
  readonly leaked: (leak: { heldMs: number; stack: string }) => void;
}

export interface ObservedPoolConfig extends pg.PoolConfig, Pick<ObservedClientConfig, 'executed'> {
  /** Host, port and database, for messages. */
  readonly place: string;
  readonly max: number;
  readonly connectionTimeoutMillis: number;
  readonly maxWaiting: number;
  readonly lifetimeMs: number;
  readonly leakMs: number;
  readonly closeMs: number;
  readonly watch: PoolWatch;
}

type Query = (text: unknown, values?: unknown) => Promise<pg.QueryResult>;
type Connected = Parameters<pg.Pool['connect']>[0];
type Stacked = { stack: string };

// Connections that were opened together are not replaced together.
const LIFETIME_JITTER = 0.2;

/**
 * The pool of `pg`, which keeps what it can, waits for a bounded time in a bounded queue, and counts.
 *
 * `pg.Pool` closes a connection after every statement that fails, although a unique violation says nothing about the
 * connection: making the next one costs ten times a statement. This pool closes a connection only when it is broken, when
 * it leads to a server that takes no writes, when what it does is not known (a time-out on this side), when the failed
 * statement has left a transaction open that nobody would end, or when it is old.
 *
 * Only promises are kept this way: `query` with a callback, cursors and streams go the way of `pg`.
 */
export class ObservedPool extends pg.Pool {
  readonly #config: ObservedPoolConfig;
  readonly #meter = new PoolMeter();
  readonly #open = new Set<pg.PoolClient>();
  /** Callers that wait for a connection. */
  readonly #waiters = new Set<(error: Error) => void>();
  #draining: Promise<void> | undefined;

  constructor(config: ObservedPoolConfig) {
    super({ ...config, Client: ObservedClient });
    this.#config = config;
    // pg asks once for each connection that it makes.
    const lifetimeSeconds = (): number => (config.lifetimeMs / 1_000) * (1 - LIFETIME_JITTER * systemClock.random());
    Object.defineProperty(this.options, 'maxLifetimeSeconds', { get: lifetimeSeconds });
    // Own properties: the types of the methods have a dozen overloads, and all but one go the way of pg.
    const ofPg = super.query.bind(this) as (...args: unknown[]) => unknown;
    const query = (...args: unknown[]): unknown => {
      const [text, values] = args;
      const plain =
        args.length <= 2 && typeof values !== 'function' && !isSubmittable(text) && typeof text !== 'function';
      return plain ? this.#query(text, values) : ofPg(...args);
    };
    Object.defineProperty(this, 'query', { value: query });
    this.on('connect', (client) => {
      this.#meter.created++;
      this.#open.add(client);
    });
    this.on('remove', (client) => {
      this.#meter.closed++;
      this.#open.delete(client);
    });
  }

  /** The connections at this moment, and what came of them. */
  get stats(): PoolStats {
    const { totalCount: size, idleCount: idle, waitingCount: waiting } = this;
    return this.#meter.stats({ limit: this.#config.max, size, idle, waiting });
  }

  /**
   * Lends a connection; to be released.
   *
   * @throws PoolTimeoutError, PoolQueueFullError, DatabaseUnreachableError, DatabaseClosedError, OuterClientError
   */
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | void {
    const taken = {} as Stacked;
    Error.captureStackTrace(taken, callback === undefined ? this.connect : undefined);
    const lent = this.#lend(taken);
    if (callback === undefined) return lent;
    // Outside of the promise: what the callback throws belongs to its author, as with pg.
    lent.then(
      (client) => process.nextTick(callback, undefined, client, client.release),
      (error: unknown) => process.nextTick(callback, error, undefined, () => undefined),
    );
  }

  /** Lends nothing more, waits for what is lent, and cuts it when `closeTimeout` is over. @throws PoolDrainError */
  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    this.#draining ??= this.#drain(super.end());
    if (callback === undefined) return this.#draining;
    this.#draining.then(callback, callback);
  }

  async #drain(ended: Promise<void>): Promise<void> {
    for (const turnAway of this.#waiters) turnAway(new DatabaseClosedError());
    const { closeMs } = this.#config;
    const late = (): Error => new PoolDrainError(closeMs, this.stats.active);
    try {
      await withDeadline(ended, closeMs, late, systemClock);
    } catch (error) {
      for (const client of this.#open) cut(client);
      throw error;
    }
  }

  async #lend(taken: Stacked): Promise<pg.PoolClient> {
    const { watch, max, maxWaiting } = this.#config;
    if (this.ending) throw new DatabaseClosedError();
    watch.mayLend();
    // Those that idle connections are about to be given to do not wait.
    const waiting = this.waitingCount - this.idleCount;
    if (this.totalCount >= max && this.idleCount <= this.waitingCount && waiting >= maxWaiting) {
      this.#meter.timeouts++;
      throw new PoolQueueFullError({ size: this.totalCount, waiting });
    }
    const start = performance.now();
    const forWhat = this.idleCount === 0 && this.totalCount < max ? 'new' : 'free';
    const client = await this.#unlessClosing(super.connect()).catch((error: unknown) => {
      throw this.#explain(error);
    });
    const waitMs = performance.now() - start;
    this.#meter.lent(waitMs);
    watch.waited(waitMs, forWhat);
    return this.#lentOut(client, taken);
  }

  /** Waits like `pg`, but not any more once the pool closes: it would not be given one. */
  #unlessClosing(connected: Promise<pg.PoolClient>): Promise<pg.PoolClient> {
    return new Promise((resolve, reject) => {
      let waits = true;
      const turnAway = (error: Error): void => {
        waits = false;
        reject(error);
      };
      this.#waiters.add(turnAway);
      const done = (): void => void this.#waiters.delete(turnAway);
      connected.then(
        (client) => {
          done();
          if (waits) resolve(client);
          else client.release();
        },
        (error: unknown) => {
          done();
          reject(error);
        },
      );
    });
  }

  #lentOut(client: pg.PoolClient, taken: Stacked): pg.PoolClient {
    const { leakMs, watch } = this.#config;
    const start = performance.now();
    const timer = systemClock.schedule(() => {
      this.#meter.leaks++;
      watch.leaked({ heldMs: performance.now() - start, stack: taken.stack.replace(/^.*\n/, '') });
    }, leakMs);
    let broken: Error | undefined;
    // While it is lent the pool does not listen, and an error without a listener would end the process.
    const lost = (error: Error): void => void (broken = error);
    client.on('error', lost);
    const release = client.release.bind(client);
    client.release = (destroy) => {
      release(destroy ?? broken); // first: a second release throws, and must not count
      timer.cancel();
      this.#meter.returned(performance.now() - start);
      client.off('error', lost);
    };
    return client;
  }

  /** The coded errors for what `pg` tells in words. */
  #explain(error: unknown): unknown {
    const { connectionTimeoutMillis: ms, place } = this.#config;
    const { message } = error as Error;
    if (message === 'timeout exceeded when trying to connect') {
      this.#meter.timeouts++;
      return new PoolTimeoutError(ms, { size: this.totalCount, waiting: this.waitingCount }, { cause: error });
    }
    if (message === 'Connection terminated due to connection timeout')
      return new DatabaseUnreachableError(place, `it did not answer within ${ms} ms`, { cause: error });
    // Lost while it was being made: nothing was sent, and whoever decides on another attempt must know that.
    if (classifyFailure(error).kind === 'lost') return new DatabaseUnreachableError(place, message, { cause: error });
    return error;
  }

  async #query(text: unknown, values: unknown): Promise<pg.QueryResult> {
    const client = await this.connect();
    let broken: Error | undefined;
    try {
      return await (client.query as Query).call(client, text, values);
    } catch (error) {
      if (!(await isUsable(client, error))) broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

const isSubmittable = (text: unknown): boolean => typeof (text as { submit?: unknown } | null)?.submit === 'function';
