import type { Timer } from '@mobius1/kernel';
import { isCluster, mastersOf, type RedisClient } from '../redis-client.js';
import { retryStrategy, SOCKET_TIMEOUT_MS } from '../redis-factory.js';
import type { ListeningClient } from './dialect.js';
import { ListeningConnection, type ListeningHooks, type ListeningOptions } from './listening-connection.js';

type Duplicable = RedisClient & {
  duplicate?: (override: object) => ListeningClient;
  options?: { host?: string; port?: number };
};

/** Settings of a connection that only listens: RESP2, armed by us at each connection, silent as long as nobody asks it anything. */
const listening = ({ pingTimeout }: ListeningOptions) => ({
  protocol: 2,
  lazyConnect: false,
  autoResubscribe: false,
  enableOfflineQueue: false,
  // Nothing else ends one that falls silent before it is armed; from then on it is the ping that counts.
  socketTimeout: Math.max(SOCKET_TIMEOUT_MS, pingTimeout),
  retryStrategy, // nodes of a Cluster come without one
  readOnly: false,
});

export interface ChannelHooks extends Pick<ListeningHooks, 'changed' | 'refused'> {
  /** Everything is heard from now on. */
  readonly armed: () => void;
  /** Something may go unheard from now on. */
  readonly lost: () => void;
}

type Refreshing = RedisClient & { refreshSlotsCache?: (done: (error?: Error | null) => void) => void };

// How soon the slots are read again when they could not be read, or when what was read is in doubt already.
const REFRESH_MS = 100;

/**
 * All the connections that tell the changes of our keys: one to a standalone server, one to each master of a Cluster. It is
 * armed only while every one of them is (G5). Of a Cluster it must also be known who the masters are: when one is lost,
 * another may already serve its keys, so nothing counts before the slots were read anew.
 */
export class ListeningChannel {
  readonly #client: RedisClient;
  readonly #options: ListeningOptions;
  readonly #hooks: ChannelHooks;
  readonly #connections = new Map<string, ListeningConnection>();
  readonly #clusterEvents: Readonly<Record<string, () => void>> = {
    ready: () => this.#mastersKnown(),
    refresh: () => this.#mastersKnown(),
    '+node': () => this.#followMasters(),
    '-node': () => this.#doubtMasters(),
  };
  /** False for a Cluster from the loss of a node until its slots were read. */
  #known = true;
  #armed = false;
  #stopped = false;
  #refused = false;
  #refreshing = false;
  #refreshAgain: Timer | undefined;

  constructor(client: RedisClient, options: ListeningOptions, hooks: ChannelHooks) {
    this.#client = client;
    this.#options = options;
    this.#hooks = hooks;
  }

  start(): void {
    if (isCluster(this.#client)) {
      for (const [event, listener] of Object.entries(this.#clusterEvents)) this.#client.on(event, listener);
    }
    this.#followMasters();
  }

  get armed(): boolean {
    return this.#armed;
  }

  /** Resolves when everything is heard that was told before; false when that cannot be said. */
  async catchUp(): Promise<boolean> {
    const heard = await Promise.all([...this.#connections.values()].map((connection) => connection.catchUp()));
    return this.#armed && heard.every(Boolean);
  }

  /** After doubts about where the commands went: listens anew. */
  restart(): void {
    for (const connection of this.#connections.values()) connection.restart();
  }

  stop(): void {
    this.#stopped = true;
    this.#refreshAgain?.cancel();
    for (const [event, listener] of Object.entries(this.#clusterEvents)) this.#client.off(event, listener);
    for (const connection of this.#connections.values()) connection.stop();
    this.#connections.clear();
    this.#judge();
  }

  #mastersKnown(): void {
    this.#known = true;
    this.#followMasters();
  }

  #doubtMasters(): void {
    if (!isCluster(this.#client)) return;
    this.#known = false;
    this.#judge();
    this.#refresh();
  }

  /**
   * Reads the slots until they are known. ioredis says `refresh` before it counts the reading as over: what is asked for
   * by a listener of that event, or while a reading is on its way, is not done, only called back.
   */
  #refresh(): void {
    const { refreshSlotsCache } = this.#client as Refreshing;
    if (this.#refreshing || refreshSlotsCache === undefined) return;
    this.#refreshing = true;
    refreshSlotsCache.call(this.#client, () => {
      this.#refreshing = false;
      if (this.#known || this.#stopped) return;
      this.#refreshAgain = this.#options.clock.schedule(() => this.#refresh(), REFRESH_MS);
    });
  }

  #followMasters(): void {
    if (this.#refused) return;
    const masters = new Map(mastersOf(this.#client).map((node) => [addressOf(node as Duplicable), node as Duplicable]));
    for (const [address, connection] of this.#connections) {
      if (masters.has(address)) continue;
      this.#connections.delete(address);
      connection.stop();
      this.#judge(false); // its keys are told elsewhere, from now on or for a while already
    }
    for (const [address, node] of masters) {
      if (this.#connections.has(address)) continue;
      this.#judge(false); // before anything can be read from the new one
      const client = node.duplicate?.(listening(this.#options));
      if (client === undefined) {
        this.#refuse('the client has no duplicate()');
        return;
      }
      this.#connections.set(address, this.#listenOn(client));
    }
    this.#judge();
  }

  #listenOn(client: ListeningClient): ListeningConnection {
    const { changed } = this.#hooks;
    return new ListeningConnection(client, this.#options, {
      changed,
      armed: () => this.#judge(),
      lost: () => {
        this.#judge();
        this.#doubtMasters();
      },
      refused: (reason) => this.#refuse(reason),
    });
  }

  #refuse(reason: string): void {
    this.#refused = true;
    this.stop();
    this.#hooks.refused(reason);
  }

  #judge(possible = true): void {
    const connections = [...this.#connections.values()];
    const armed =
      possible && this.#known && connections.length > 0 && connections.every((connection) => connection.armed);
    if (armed === this.#armed) return;
    this.#armed = armed;
    if (armed) this.#hooks.armed();
    else this.#hooks.lost();
  }
}

const addressOf = ({ options }: Duplicable): string => `${options?.host ?? ''}:${options?.port ?? ''}`;
