import { Channel, CircuitBreaker, type Clock, systemClock, withDeadline } from '@mobius1/kernel';
import { StoreUnavailableError } from '../core/errors.js';
import { BlockingPool } from './blocking-pool.js';
import { mastersOf, type RedisClient } from './redis-client.js';
import { createRedis } from './redis-factory.js';
import { type Refusal, Refusals } from './refusals.js';
import { ReplyWatch } from './reply-watch.js';
import { REDIS_DEFAULTS, type RedisOptions } from './redis-options.js';

export type ConnectionEvents = {
  /** Commands can be sent. */
  ready: undefined;
  /** The connection was lost; it is being re-established. */
  lost: { reason: string };
  /** Redis answers, but refuses; told once for each kind of refusal in ten seconds. */
  refused: Refusal;
  /** The circuit breaker changed its state. */
  breaker: { from: string; to: string };
};

// Walks over keys and INFO may take longer than the read of one key.
const SLOW_FACTOR = 40;
const SYNC_EVERY_MS = 30_000; // clocks drift by about 1 ms in this time

/**
 * The connection to Redis, and the one place where its failures are met: every command has a deadline, a breaker stops
 * asking a server that does not answer, and whatever goes wrong becomes a `StoreUnavailableError` (G10).
 *
 * It also knows the server's clock. Times of entries are compared on that clock only, taken from `TIME` and carried on by
 * this process's monotonic clock, so a wall clock that is wrong or jumps does no harm.
 */
export class RedisConnection {
  readonly client: RedisClient;
  readonly events: Channel<ConnectionEvents>;
  readonly breaker: CircuitBreaker;
  /** What Redis has refused lately. */
  readonly refusals: Refusals;
  /** Connections for commands that block. */
  readonly blocking: BlockingPool;
  readonly clock: Clock;
  readonly #owned: boolean;
  readonly #timeoutMs: number;
  readonly #watch: ReplyWatch;
  readonly #slowWatch: ReplyWatch;
  readonly #watches: ReplyWatch[];
  readonly #place: string;
  #lastError = '';
  #offset: number | undefined;
  #syncedAt = -Infinity;
  #latencyMs: number | undefined;
  #closing = false;
  #gathering = false;

  constructor(options: RedisOptions, clock: Clock = systemClock, events = new Channel<ConnectionEvents>()) {
    this.clock = clock;
    this.events = events;
    this.#timeoutMs = options.commandTimeout ?? REDIS_DEFAULTS.commandTimeout;
    this.refusals = new Refusals(clock);
    this.#watch = new ReplyWatch(this.#timeoutMs, clock);
    this.#slowWatch = new ReplyWatch(this.#timeoutMs * SLOW_FACTOR, clock);
    this.#watches = [this.#watch, this.#slowWatch];
    this.#owned = options.client === undefined;
    this.#place = placeOf(options);
    this.client = createRedis(options);
    this.blocking = new BlockingPool(this.client, options.pool ?? REDIS_DEFAULTS.pool);
    this.breaker = new CircuitBreaker({
      clock,
      onTransition: (from, to) => this.events.emit('breaker', () => ({ from, to })),
    });
    this.#listen();
  }

  /** `ready`, or what ioredis says of it: `wait`, `connecting`, `reconnecting`, `close`, `end`. */
  get status(): string {
    return this.client.status;
  }

  get ready(): boolean {
    return this.client.status === 'ready';
  }

  /** Milliseconds of the last ping or clock comparison; `undefined` before the first. */
  get latencyMs(): number | undefined {
    return this.#latencyMs;
  }

  /** Where this connection leads, without credentials. */
  get place(): string {
    return this.#place;
  }

  /** What the last failure said; empty when there was none. */
  get lastError(): string {
    return this.#lastError;
  }

  get #whyClosed(): string {
    return this.#lastError || 'the connection was closed';
  }

  /**
   * Connects, or waits for the connection that is under way.
   *
   * @throws StoreUnavailableError when the first attempt fails; further attempts go on behind
   */
  async connect(): Promise<void> {
    if (this.ready) return;
    try {
      if (this.client.status === 'wait' || this.client.status === 'end') await this.client.connect();
      else await this.#nextReady();
    } catch (error) {
      // ioredis says only that the connection is closed; why, it said before.
      throw this.#unavailable(this.#lastError === '' ? error : new Error(this.#lastError, { cause: error }));
    }
    await this.#sync();
  }

  /** True when Redis answers in time; never throws. */
  async ping(): Promise<boolean> {
    const start = this.clock.monotonic();
    try {
      const answer = await this.#timed(() => this.client.ping(), Math.max(this.#timeoutMs, 1_000));
      this.#latencyMs = this.clock.monotonic() - start;
      return answer === 'PONG';
    } catch (error) {
      this.#refused(error);
      return false;
    }
  }

  /** Milliseconds on the server's clock. */
  serverNow(): number {
    const now = this.clock.monotonic();
    if (now - this.#syncedAt > SYNC_EVERY_MS && this.ready) void this.#sync();
    return this.#offset === undefined ? this.clock.now() : now + this.#offset;
  }

  /** Runs a cache command. @throws StoreUnavailableError */
  run<T>(command: () => Promise<T>): Promise<T> {
    this.#gather();
    return this.#guarded(command, this.#watch);
  }

  /** Runs a command that walks over keys or asks for more than one key's worth. @throws StoreUnavailableError */
  runSlow<T>(command: () => Promise<T>): Promise<T> {
    return this.#guarded(command, this.#slowWatch);
  }

  /** A `run` for commands that have a deadline of their own, in milliseconds. */
  within(ms: number): <T>(command: () => Promise<T>) => Promise<T> {
    const watch = new ReplyWatch(ms, this.clock);
    this.#watches.push(watch);
    return (command) => {
      this.#gather();
      return this.#guarded(command, watch);
    };
  }

  /**
   * Bytes in use and the server's limit (0: none), summed over the masters; and whether a full one evicts any key, not only those that
   * may be. @throws StoreUnavailableError
   */
  async memory(): Promise<{ memory: number; maxMemory: number; evictsAnyKey: boolean }> {
    const infos = await this.runSlow(() => Promise.all(mastersOf(this.client).map((node) => node.info('memory'))));
    const sum = (field: RegExp): number => infos.reduce((total, info) => total + Number(field.exec(info)?.[1] ?? 0), 0);
    const evictsAnyKey = infos.some((info) => /^maxmemory_policy:allkeys/m.test(info));
    return { memory: sum(/^used_memory:(\d+)/m), maxMemory: sum(/^maxmemory:(\d+)/m), evictsAnyKey };
  }

  /** Closes the connection if it is ours: politely within `ms`, then at once. */
  async quit(ms = 1_000): Promise<void> {
    this.#closing = true;
    this.blocking.close();
    if (!this.#owned) return;
    try {
      if (this.ready) await withDeadline(this.client.quit(), ms, () => new Error('quit took too long'), this.clock);
    } catch {
      // Closed by force below.
    } finally {
      this.client.disconnect();
    }
  }

  /** Commands of one turn leave in one write: a system call each would be a third of their cost. */
  #gather(): void {
    const { stream } = this.client;
    if (this.#gathering || typeof stream?.cork !== 'function') return;
    this.#gathering = true;
    stream.cork();
    process.nextTick(() => {
      this.#gathering = false;
      stream.uncork();
    });
  }

  #guarded<T>(command: () => Promise<T>, watch: ReplyWatch): Promise<T> {
    if (!this.ready) return this.#refuse(this.#lastError || `the connection is ${this.status}`);
    if (!this.breaker.tryAcquire()) return this.#refuse('it did not answer lately (circuit breaker open)');
    return new Promise<T>((resolve, reject) => {
      // Only silence opens the breaker: a server that refuses one command may well answer the next.
      const watched = watch.begin((why) => {
        if (why === 'silence') this.breaker.failure();
        else this.breaker.success();
        reject(this.#unavailable(why === 'silence' ? silence(watch.ms) : new Error(this.#whyClosed)));
      });
      command().then(
        (reply) => {
          if (!watch.answered(watched)) return;
          this.breaker.success();
          resolve(reply);
        },
        (error: unknown) => {
          if (!watch.answered(watched)) return;
          this.breaker.success();
          this.#refused(error);
          reject(this.#unavailable(error));
        },
      );
    });
  }

  #refused(error: unknown): void {
    const refusal = this.refusals.note(error);
    if (refusal !== undefined) this.events.emit('refused', () => refusal);
  }

  #refuse(reason: string): Promise<never> {
    return Promise.reject(this.#unavailable(new Error(reason)));
  }

  #timed<T>(command: () => Promise<T>, ms: number): Promise<T> {
    return withDeadline(command(), ms, () => silence(ms), this.clock);
  }

  #unavailable(cause: unknown): StoreUnavailableError {
    if (cause instanceof StoreUnavailableError) return cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new StoreUnavailableError(this.#place, reason, { cause });
  }

  async #sync(): Promise<void> {
    this.#syncedAt = this.clock.monotonic();
    try {
      const start = this.clock.monotonic();
      const [seconds, micros] = (await this.#timed(
        () => this.client.time(),
        this.#timeoutMs * SLOW_FACTOR,
      )) as string[];
      const end = this.clock.monotonic();
      this.#latencyMs = end - start;
      this.#offset = Number(seconds) * 1000 + Number(micros) / 1000 - (start + end) / 2;
    } catch {
      // The estimate stays; the next reconnect or interval tries again.
    }
  }

  #nextReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        this.client.off('ready', done);
        this.client.off('close', failed);
        this.client.off('end', failed);
        if (error === undefined) resolve();
        else reject(error);
      };
      const done = (): void => settle();
      const failed = (): void => settle(new Error(this.#whyClosed));
      this.client.on('ready', done);
      this.client.on('close', failed);
      this.client.on('end', failed);
    });
  }

  #listen(): void {
    let wasReady = this.ready;
    this.client.on('error', (error: Error) => {
      this.#lastError = error.message || (error as NodeJS.ErrnoException).code || error.name;
      this.#refused(error);
    });
    this.client.on('ready', () => {
      wasReady = true;
      this.#lastError = '';
      this.breaker.reset();
      void this.#sync().then(() => this.events.emit('ready', () => undefined));
    });
    this.client.on('close', () => {
      // ioredis forgets what was under way without a word when it is not to send it again. A client that was given may.
      if (this.#owned) for (const watch of this.#watches) watch.abandon();
      if (!wasReady || this.#closing) return;
      wasReady = false;
      this.events.emit('lost', () => ({ reason: this.#whyClosed }));
    });
  }
}

const silence = (ms: number): Error => new Error(`no reply within ${ms} ms`);

/** Host and port for messages; never a user or password. */
function placeOf({ client, url, cluster, sentinels, name, host, port }: RedisOptions): string {
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
