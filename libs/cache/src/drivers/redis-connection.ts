import { Channel, type CircuitBreaker, type Clock, systemClock, withDeadline } from '@mobius1/kernel';
import { BlockingPool } from './blocking-pool.js';
import { type CommandEvents, GuardedCommands, silence } from './guarded-commands.js';
import { mastersOf, type RedisClient } from './redis-client.js';
import { createRedis } from './redis-factory.js';
import { placeOf, REDIS_DEFAULTS, type RedisOptions } from './redis-options.js';
import { type Refusals, withoutArguments } from './refusals.js';
import { ServerClock } from './server-clock.js';

export type ConnectionEvents = CommandEvents & {
  /** Commands can be sent. */
  ready: undefined;
  /** The connection was lost; it is being re-established. */
  lost: { reason: string };
};

// A ping is asked for by people and health checks, who rather wait than hear a wrong answer.
const PING_MS = 1_000;
// A socket that is closed by us is gone after `disconnectTimeout`; this is for a busy moment.
const END_MS = 500;

/**
 * The connection to Redis: its beginning, its end, and what may be asked of it meanwhile. Failures of commands are met in
 * `GuardedCommands`, times of entries are those of the `ServerClock`.
 *
 * A client that was given is used and never closed: `quit` takes our listeners off it, `connect` puts them back.
 */
export class RedisConnection {
  readonly client: RedisClient;
  readonly events: Channel<ConnectionEvents>;
  /** Connections for commands that block. */
  readonly blocking: BlockingPool;
  readonly clock: Clock;
  /** Where this connection leads, without credentials. */
  readonly place: string;
  readonly #owned: boolean;
  readonly #timeoutMs: number;
  readonly #commands: GuardedCommands;
  readonly #server: ServerClock;
  readonly #companions: (() => void)[] = [];
  readonly #listeners: Readonly<Record<string, (error: Error) => void>> = {
    error: (error) => this.#failed(error),
    ready: () => this.#begun(),
    close: () => this.#ended(),
  };
  #listening = false;
  /** It is open and stands in database 0, because Redis refused the one that was asked for: nothing may be done there. */
  #misplaced = false;
  #wasReady = false;
  #closing = false;
  #lives = 0;
  #lastError = '';
  #latencyMs: number | undefined;

  constructor(options: RedisOptions, clock: Clock = systemClock, events = new Channel<ConnectionEvents>()) {
    this.clock = clock;
    this.events = events;
    this.place = placeOf(options);
    this.#owned = options.client === undefined;
    this.#timeoutMs = options.commandTimeout ?? REDIS_DEFAULTS.commandTimeout;
    this.client = createRedis(options);
    this.#commands = new GuardedCommands({
      ...{ client: this.client, clock, events, place: this.place, timeoutMs: this.#timeoutMs },
      closed: () => (this.ready ? undefined : this.#whyNotReady),
      whyEnded: () => this.#whyEnded,
    });
    this.#server = new ServerClock(() => this.#timed(() => this.client.time(), this.#commands.slowMs), clock);
    this.blocking = new BlockingPool(this.client, options.pool ?? REDIS_DEFAULTS.pool, (reason) =>
      this.#commands.unavailable(reason),
    );
    this.#listen();
  }

  /** `ready`, or what ioredis says of it: `wait`, `connecting`, `connect`, `reconnecting`, `close`, `end`. */
  get status(): string {
    return this.client.status;
  }

  /** Commands can be sent. */
  get ready(): boolean {
    return this.client.status === 'ready' && !this.#misplaced && !(this.#owned && this.#closing);
  }

  /** Connections that have ended: what one of them said may mean nothing to the next, which may lead to another server. */
  get lives(): number {
    return this.#lives;
  }

  get breaker(): CircuitBreaker {
    return this.#commands.breaker;
  }

  /** What Redis has refused lately. */
  get refusals(): Refusals {
    return this.#commands.refusals;
  }

  /** Milliseconds of the last ping or clock comparison; `undefined` before the first. */
  get latencyMs(): number | undefined {
    return this.#latencyMs;
  }

  /** What the last failure said; empty when there was none. */
  get lastError(): string {
    return this.#lastError;
  }

  get #whyNotReady(): string {
    if (this.#closing) return 'the connection was closed';
    return this.#lastError || `the connection is ${this.status}`;
  }

  get #whyEnded(): string {
    return this.#lastError || 'the connection was closed';
  }

  /**
   * Connects, or waits for the connection that is under way.
   *
   * @throws StoreUnavailableError when the first attempt fails; further attempts go on behind
   */
  async connect(): Promise<void> {
    const asleep = ['wait', 'end'].includes(this.status) || (this.#owned && this.#closing);
    this.#closing = false;
    this.blocking.open();
    if (this.#listen() && this.ready) this.#begun();
    const { ready } = this;
    if (!ready) {
      try {
        await (asleep ? this.client.connect() : this.#nextReady());
      } catch (error) {
        // ioredis says only that the connection is closed; why, it said before.
        throw this.#commands.unavailable(this.#lastError === '' ? error : new Error(this.#lastError, { cause: error }));
      }
    }
    if (this.#misplaced) throw this.#commands.unavailable(new Error(this.#lastError));
    if (!ready || !this.#server.known) await this.#compareClocks();
  }

  /** True when Redis answers in time; never throws. */
  async ping(): Promise<boolean> {
    if (this.#misplaced) return false;
    const start = this.clock.monotonic();
    try {
      const answer = await this.#timed(() => this.client.ping(), Math.max(this.#timeoutMs, PING_MS));
      this.#latencyMs = this.clock.monotonic() - start;
      return answer === 'PONG';
    } catch (error) {
      this.#commands.noteRefusal(error);
      return false;
    }
  }

  /** Milliseconds on the server's clock. */
  serverNow(): number {
    if (this.#server.due && this.ready) void this.#compareClocks();
    return this.#server.now();
  }

  /** Runs a cache command. @throws StoreUnavailableError */
  run<T>(command: () => Promise<T>): Promise<T> {
    return this.#commands.run(command);
  }

  /** Runs a command that walks over keys or asks for more than one key's worth. @throws StoreUnavailableError */
  runSlow<T>(command: () => Promise<T>): Promise<T> {
    return this.#commands.runSlow(command);
  }

  /** A `run` for commands that have a deadline of their own, in milliseconds. */
  within(ms: number): <T>(command: () => Promise<T>) => Promise<T> {
    return this.#commands.within(ms);
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

  /** Calls `close` whenever this connection is quit, for what lives beside it. */
  onQuit(close: () => void): void {
    this.#companions.push(close);
  }

  /** Closes the connection if it is ours: politely within `ms`, then at once. `connect` opens it again. */
  async quit(ms = 1_000): Promise<void> {
    const { ready } = this;
    this.#closing = true;
    this.blocking.close();
    for (const close of this.#companions) close();
    if (!this.#owned) {
      this.#unlisten();
      return;
    }
    try {
      if (ready) await withDeadline(this.client.quit(), ms, () => new Error('quit took too long'), this.clock);
    } catch {
      // Closed by force below.
    } finally {
      this.client.disconnect();
    }
    await this.#nextEnd();
  }

  #timed<T>(command: () => Promise<T>, ms: number): Promise<T> {
    return withDeadline(command(), ms, () => silence(ms), this.clock);
  }

  async #compareClocks(): Promise<void> {
    this.#latencyMs = (await this.#server.compare()) ?? this.#latencyMs;
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
      const failed = (): void => settle(new Error(this.#whyEnded));
      this.client.on('ready', done);
      this.client.on('close', failed);
      this.client.on('end', failed);
    });
  }

  /** Resolves when the client that was disconnected has ended; one that waited for its next attempt never says so. */
  async #nextEnd(): Promise<void> {
    if (['end', 'reconnecting'].includes(this.status)) return;
    let done: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (done = resolve));
    this.client.on('end', done);
    await withDeadline(ended, END_MS, () => new Error('not yet'), this.clock).catch(() => undefined);
    this.client.off('end', done);
  }

  /** False when that is done already. */
  #listen(): boolean {
    if (this.#listening) return false;
    this.#listening = true;
    this.#wasReady = this.ready;
    for (const [event, listener] of Object.entries(this.#listeners)) this.client.on(event, listener);
    return true;
  }

  #unlisten(): void {
    this.#listening = false;
    for (const [event, listener] of Object.entries(this.#listeners)) this.client.off(event, listener);
  }

  #failed(error: Error): void {
    this.#lastError = withoutArguments(error.message || (error as NodeJS.ErrnoException).code || error.name);
    this.#commands.noteRefusal(error);
    // ioredis goes on in database 0.
    if ((error as { command?: { name?: string } }).command?.name === 'select') this.#misplaced = true;
  }

  #begun(): void {
    if (this.#misplaced) return;
    this.#wasReady = true;
    this.#lastError = '';
    this.breaker.reset();
    void this.#compareClocks().then(() => this.events.emit('ready', () => undefined));
  }

  #ended(): void {
    this.#lives++;
    this.#misplaced = false;
    // ioredis forgets what was under way without a word when it is not to send it again. A client that was given may.
    if (this.#owned) this.#commands.abandon();
    if (!this.#wasReady || this.#closing) return;
    this.#wasReady = false;
    this.events.emit('lost', () => ({ reason: this.#whyEnded }));
  }
}
