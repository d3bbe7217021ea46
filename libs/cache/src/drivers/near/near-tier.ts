import type { Clock } from '@mobius1/kernel';
import type { RedisConnection } from '../redis-connection.js';
import type { RedisStore } from '../redis-store.js';
import { NearCache, type NearCacheOptions } from './near-cache.js';
import { TieredStore } from './tiered-store.js';
import { TrackingChannel } from './tracking-channel.js';

/** How this process hears of the changes in Redis. */
export interface CoherenceOptions {
  /** Milliseconds between two pings of the connection that tells of changes. @default 1_000 */
  readonly pingInterval?: number;
  /** Milliseconds after which a ping without an answer ends the in-process tier until it is heard again. @default 1_000 */
  readonly pingTimeout?: number;
}

export const COHERENCE_DEFAULTS = Object.freeze({ pingInterval: 1_000, pingTimeout: 1_000 });

/**
 * `coherent`: every change in Redis is heard. `deaf`: not at the moment; every read goes to Redis. `refused`: the server
 * does not tell changes, or not to this user; every read goes to Redis.
 */
export type Coherence = 'coherent' | 'deaf' | 'refused';

export interface NearTierOptions extends NearCacheOptions, CoherenceOptions {
  readonly prefix: string;
  readonly clock: Clock;
}

/** The in-process tier with what keeps it true: the store, and the channel on which Redis tells every change. */
export class NearTier {
  readonly store: TieredStore;
  readonly #connection: RedisConnection;
  readonly #options: NearTierOptions;
  #channel: TrackingChannel | undefined;
  #refusal: string | undefined;

  constructor(connection: RedisConnection, redis: RedisStore, options: NearTierOptions) {
    this.#connection = connection;
    this.#options = options;
    this.store = new TieredStore(redis, new NearCache(options, options.clock), options.clock);
    connection.events.on('ready', () => this.listen());
    // Who lost one connection may well be talked to by another server than he listens to.
    connection.events.on('lost', () => this.#channel?.restart());
  }

  get coherence(): Coherence {
    if (this.#refusal !== undefined) return 'refused';
    return this.store.audible ? 'coherent' : 'deaf';
  }

  /** What the server said when it refused to tell changes. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Begins to listen, once there is somebody to listen to. */
  listen(): void {
    if (this.#channel !== undefined || !this.#connection.ready) return;
    const { prefix, clock, pingInterval, pingTimeout } = this.#options;
    this.#channel = new TrackingChannel(
      this.#connection.client,
      {
        prefix,
        clock,
        pingInterval: pingInterval ?? COHERENCE_DEFAULTS.pingInterval,
        pingTimeout: pingTimeout ?? COHERENCE_DEFAULTS.pingTimeout,
      },
      {
        armed: () => this.store.hear(true),
        lost: () => this.store.hear(false),
        changed: (keys) => this.store.changed(keys === null ? null : keys.map((key) => key.toString())),
        refused: (reason) => {
          this.#refusal = reason;
        },
      },
    );
  }

  /** Resolves when this process knows of every change that Redis had made before; false when that cannot be said. */
  async catchUp(): Promise<boolean> {
    return (await this.#channel?.catchUp()) ?? false;
  }

  stop(): void {
    this.#channel?.stop();
  }
}
