import { type Clock, type Timer, withDeadline } from '@mobius1/kernel';
import type { Heard } from '../../core/store.js';
import type { Dialect, ListeningClient } from './dialect.js';

export interface ListeningOptions {
  readonly dialect: Dialect;
  /** Milliseconds between two pings. */
  readonly pingInterval: number;
  /** Milliseconds after which a ping without an answer counts as the loss of the connection. */
  readonly pingTimeout: number;
  readonly clock: Clock;
}

export interface ListeningHooks {
  readonly armed: () => void;
  readonly lost: () => void;
  readonly changed: (heard: Heard | 'everything') => void;
  /** The server does not tell changes in this way, or not to this user. */
  readonly refused: (reason: string) => void;
}

/** Replies that say "not now", of a server that starts, fails over or is crowded. Anything else is an answer for good. */
const NOT_NOW = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|ERR max number of clients)/;

/**
 * One connection on which changes of our keys are told, in one dialect or the other. It does nothing else, so its `close`
 * means that nothing is heard any more. It speaks RESP2, because ioredis drops the messages of RESP3.
 *
 * ioredis reconnects it; each time it is armed anew, because a server forgets what it tells with the connection.
 */
export class ListeningConnection {
  readonly #client: ListeningClient;
  readonly #options: ListeningOptions;
  readonly #hooks: ListeningHooks;
  /** Changes with each connection: what a former one still answers means nothing. */
  #life = 0;
  #armed = false;
  #stopped = false;
  #pinger: Timer | undefined;

  constructor(client: ListeningClient, options: ListeningOptions, hooks: ListeningHooks) {
    this.#client = client;
    this.#options = options;
    this.#hooks = hooks;
    client.on('error', () => undefined); // 'close' follows
    client.on('ready', () => void this.#arm());
    client.on('close', () => this.#lose());
    client.on('messageBuffer', (_channel: Buffer, message: unknown) => {
      this.#hooks.changed(options.dialect.understand(message));
    });
    if (client.status === 'ready') void this.#arm();
  }

  get armed(): boolean {
    return this.#armed;
  }

  /** Resolves when everything is heard that the server told before; false when it does not answer. */
  async catchUp(): Promise<boolean> {
    if (!this.#armed) return false;
    const { pingTimeout, clock } = this.#options;
    const life = this.#life;
    try {
      await withDeadline(this.#client.ping(), pingTimeout, () => new Error('no pong'), clock);
    } catch {
      // It is lost now, not when 'close' comes: a socket that is closing takes no ping, and may be so for some turns.
      if (life === this.#life && !this.#stopped) this.restart();
    }
    return life === this.#life; // a loss begins another life
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
    this.#client.stream?.once('end', () => life === this.#life && this.#lose()); // 'close' comes some turns later
    try {
      await this.#options.dialect.begin(this.#client);
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
    if (!this.#stopped) this.#hooks.lost();
  }

  #pingLater(life: number): void {
    const { clock, pingInterval } = this.#options;
    this.#pinger = clock.schedule(() => void this.#ping(life), pingInterval);
  }

  async #ping(life: number): Promise<void> {
    const answered = await this.catchUp();
    if (answered && life === this.#life && !this.#stopped) this.#pingLater(life);
  }
}
