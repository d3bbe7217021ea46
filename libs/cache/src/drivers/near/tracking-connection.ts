import { type Clock, type Timer, withDeadline } from '@mobius1/kernel';
import type { RedisClient } from '../redis-client.js';

/** What a connection that tracks can do; ioredis 5 and 6. */
export interface TrackingClient extends RedisClient {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
}

export interface TrackingOptions {
  /** Only keys that begin like this are told; `''` for all. */
  readonly prefix: string;
  /** Milliseconds between two pings. */
  readonly pingInterval: number;
  /** Milliseconds after which a ping without an answer counts as the loss of the connection. */
  readonly pingTimeout: number;
  readonly clock: Clock;
}

export interface TrackingHooks {
  readonly armed: () => void;
  readonly lost: () => void;
  /** Keys that somebody changed; `null` when all were flushed. */
  readonly changed: (keys: readonly Buffer[] | null) => void;
  /** The server cannot track, or may not for this user. */
  readonly refused: (reason: string) => void;
}

const INVALIDATIONS = '__redis__:invalidate';
/** Replies that say "not now", of a server that starts or fails over. Anything else is an answer for good. */
const NOT_NOW = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)/;

/**
 * One connection on which a Redis server tells every change of our keys, by whomever (G4): `CLIENT TRACKING` in
 * broadcasting mode, redirected to itself. So its `close` means that nothing is heard any more. It speaks RESP2, because
 * ioredis drops the messages of RESP3.
 *
 * ioredis reconnects it; each time it is armed anew, because a server forgets what it tracks with the connection.
 */
export class TrackingConnection {
  readonly #client: TrackingClient;
  readonly #options: TrackingOptions;
  readonly #hooks: TrackingHooks;
  /** Changes with each connection: what a former one still answers means nothing. */
  #life = 0;
  #armed = false;
  #stopped = false;
  #pinger: Timer | undefined;

  constructor(client: TrackingClient, options: TrackingOptions, hooks: TrackingHooks) {
    this.#client = client;
    this.#options = options;
    this.#hooks = hooks;
    client.on('error', () => undefined); // 'close' follows
    client.on('ready', () => void this.#arm());
    client.on('close', () => this.#lose());
    client.on('messageBuffer', (_channel: Buffer, keys: readonly Buffer[] | null) => this.#hooks.changed(keys));
    if (client.status === 'ready') void this.#arm();
  }

  get armed(): boolean {
    return this.#armed;
  }

  /** Resolves when everything is heard that the server told before; false when it does not answer. */
  async catchUp(): Promise<boolean> {
    if (!this.#armed) return false;
    const { pingTimeout, clock } = this.#options;
    try {
      await withDeadline(this.#client.ping(), pingTimeout, () => new Error('no pong'), clock);
      return this.#armed;
    } catch {
      return false;
    }
  }

  /** Gives the connection up and makes another. */
  restart(): void {
    this.#lose();
    if (!this.#stopped) this.#client.disconnect(true);
  }

  stop(): void {
    this.#stopped = true;
    this.#lose();
    this.#client.disconnect();
  }

  async #arm(): Promise<void> {
    const life = ++this.#life;
    const { prefix } = this.#options;
    try {
      const id = await this.#client.call('CLIENT', 'ID'); // refused once subscribed
      const keys = prefix === '' ? [] : ['PREFIX', prefix];
      await this.#client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...keys);
      await this.#client.subscribe(INVALIDATIONS);
    } catch (error) {
      if (life === this.#life && !this.#stopped) this.#failed(error as Error);
      return;
    }
    if (life !== this.#life || this.#stopped) return;
    this.#armed = true;
    this.#hooks.armed();
    this.#pingLater(life);
  }

  #failed({ name, message }: Error): void {
    if (name === 'ReplyError' && !NOT_NOW.test(message)) this.#hooks.refused(message);
    else this.#client.disconnect(true);
  }

  #lose(): void {
    this.#life++;
    this.#pinger?.cancel();
    if (!this.#armed) return;
    this.#armed = false;
    this.#hooks.lost();
  }

  #pingLater(life: number): void {
    const { clock, pingInterval } = this.#options;
    this.#pinger = clock.schedule(() => void this.#ping(life), pingInterval);
  }

  async #ping(life: number): Promise<void> {
    const answered = await this.catchUp();
    if (life !== this.#life || this.#stopped) return;
    if (answered) this.#pingLater(life);
    else this.restart();
  }
}
