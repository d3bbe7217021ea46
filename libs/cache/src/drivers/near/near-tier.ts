import { Channel, type Clock, withDeadline } from '@mobius1/kernel';
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

export type NearEvents = {
  /** How this process hears of changes has changed. */
  coherence: { coherence: Coherence; reason: string | undefined };
};

/** How the tier does. */
export interface NearFacts {
  readonly coherence: Coherence;
  /** What the server said when it refused to tell changes. */
  readonly refusal: string | undefined;
  readonly entries: number;
  readonly bytes: number;
}

// Two round trips more than a connection needs; without an answer the tier begins later by itself.
const LISTENING_MS = 1_000;

export interface NearTierOptions extends NearCacheOptions, CoherenceOptions {
  readonly prefix: string;
  readonly clock: Clock;
}

/** The in-process tier with what keeps it true: the store, and the channel on which Redis tells every change. */
export class NearTier {
  readonly store: TieredStore;
  readonly #connection: RedisConnection;
  readonly #options: NearTierOptions;
  readonly events = new Channel<NearEvents>();
  #channel: TrackingChannel | undefined;
  #refusal: string | undefined;
  #stopped = false;
  #settle: () => void = () => undefined;
  readonly #settled = new Promise<void>((resolve) => (this.#settle = resolve));

  constructor(connection: RedisConnection, redis: RedisStore, options: NearTierOptions) {
    this.#connection = connection;
    this.#options = options;
    this.store = new TieredStore(redis, new NearCache(options, options.clock), options.clock);
    connection.events.on('ready', () => this.listen());
    // Who lost one connection may well be talked to by another server than he listens to.
    connection.events.on('lost', () => this.#channel?.restart());
    this.listen(); // a client that was given may be connected already
  }

  get coherence(): Coherence {
    if (this.#refusal !== undefined) return 'refused';
    return this.store.audible ? 'coherent' : 'deaf';
  }

  /** How the tier does. */
  get facts(): NearFacts {
    const { entries, bytes } = this.store.near;
    return { coherence: this.coherence, refusal: this.#refusal, entries, bytes };
  }

  /** Begins to listen, and resolves when that has succeeded, was refused, or takes longer than it should. */
  async ready(): Promise<void> {
    this.listen();
    const { clock } = this.#options;
    await withDeadline(this.#settled, LISTENING_MS, () => new Error('not yet'), clock).catch(() => undefined);
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
        armed: () => {
          this.store.hear(true);
          this.#settle();
          this.#tell();
        },
        lost: () => {
          this.store.hear(false);
          this.#tell();
        },
        changed: (keys) => this.store.changed(keys === null ? null : keys.map((key) => key.toString())),
        refused: (reason) => {
          this.#refusal = reason;
          this.#settle();
          this.#tell();
        },
      },
    );
  }

  /** Resolves when this process knows of every change that Redis had made before; false when that cannot be said. */
  async catchUp(): Promise<boolean> {
    return (await this.#channel?.catchUp()) ?? false;
  }

  stop(): void {
    this.#stopped = true;
    this.#channel?.stop();
  }

  #tell(): void {
    if (this.#stopped) return;
    this.events.emit('coherence', () => ({ coherence: this.coherence, reason: this.#refusal }));
  }
}
