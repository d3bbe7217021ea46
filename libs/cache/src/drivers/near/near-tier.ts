import { Channel, type Clock, type Duration, withDeadline } from '@mobius1/kernel';
import type { Coherence, Heard } from '../../core/store.js';
import type { RedisConnection } from '../redis-connection.js';
import type { RedisStore } from '../redis-store.js';
import { NearCache, type NearCacheOptions } from './near-cache.js';
import { TieredStore } from './tiered-store.js';
import { Bus } from './bus.js';
import type { Dialect } from './dialect.js';
import { ListeningChannel } from './listening-channel.js';
import { Tracking } from './tracking.js';

/** How this process hears of the changes in Redis. */
export interface CoherenceOptions {
  /** Milliseconds between two pings of the connection that tells of changes. @default 1_000 */
  readonly pingInterval?: number;
  /** Milliseconds after which a ping without an answer ends the in-process tier until it is heard again. @default 1_000 */
  readonly pingTimeout?: number;
  /**
   * How long an entry is answered from this process where Redis does not tell changes and the processes tell each other.
   * Seconds or a string; 0 for not at all. @default 1
   */
  readonly boundedTtl?: Duration;
}

export interface ResolvedCoherence extends Required<Omit<CoherenceOptions, 'boundedTtl'>> {
  /** 0: no tier without tracking. */
  readonly boundedMs: number;
}

// A second of staleness is what a cache with a bus is commonly allowed; most of the round trips of a hot key are saved.
export const COHERENCE_DEFAULTS: ResolvedCoherence = Object.freeze({
  pingInterval: 1_000,
  pingTimeout: 1_000,
  boundedMs: 1_000,
});

export type NearEvents = {
  /** How this process hears of changes has changed. */
  coherence: { coherence: Coherence; reason: string | undefined };
};

/** How the tier does. */
export interface NearFacts {
  readonly coherence: Coherence;
  /** What the server said when it refused to tell changes. */
  readonly refusal: string | undefined;
  /** Milliseconds for which an entry may be answered from here after somebody else has changed it, at worst. */
  readonly stalenessMs: number;
  readonly entries: number;
  readonly bytes: number;
}

// Two round trips more than a connection needs; without an answer the tier begins later by itself.
const LISTENING_MS = 1_000;

export interface NearTierOptions extends NearCacheOptions, ResolvedCoherence {
  readonly prefix: string;
  readonly clock: Clock;
  readonly events?: Channel<NearEvents>;
}

/** The in-process tier with what keeps it true: the store, and the channel on which every change is told. */
export class NearTier {
  readonly store: TieredStore;
  readonly events: Channel<NearEvents>;
  readonly #connection: RedisConnection;
  readonly #redis: RedisStore;
  readonly #options: NearTierOptions;
  #channel: ListeningChannel | undefined;
  #refusal: string | undefined;
  #stopped = false;

  constructor(connection: RedisConnection, redis: RedisStore, options: NearTierOptions) {
    this.#connection = connection;
    this.#redis = redis;
    this.#options = options;
    this.events = options.events ?? new Channel<NearEvents>();
    this.store = new TieredStore(redis, new NearCache(options, options.clock), options);
    connection.events.on('ready', () => this.listen());
    // Who lost one connection may well be talked to by another server than he listens to.
    connection.events.on('lost', () => this.#channel?.restart());
    connection.onQuit(() => this.#hush());
    this.listen(); // a client that was given may be connected already
  }

  get coherence(): Coherence {
    return this.store.coherence;
  }

  /** How the tier does. */
  get facts(): NearFacts {
    const { entries, bytes } = this.store.near;
    return { coherence: this.coherence, refusal: this.#refusal, stalenessMs: this.#stalenessMs, entries, bytes };
  }

  get #stalenessMs(): number {
    const { pingInterval, pingTimeout, boundedMs } = this.#options;
    if (this.coherence === 'coherent') return pingInterval + pingTimeout;
    return this.coherence === 'bounded' ? boundedMs : 0;
  }

  /** Begins to listen, and resolves when that has succeeded, was refused, or takes longer than it should. */
  async ready(): Promise<void> {
    this.listen();
    if (this.coherence !== 'deaf') return;
    let stop: () => void = () => undefined;
    const decided = new Promise<void>((resolve) => {
      stop = this.events.on('coherence', ({ coherence }) => {
        if (coherence !== 'deaf') resolve();
      });
    });
    await withDeadline(decided, LISTENING_MS, () => new Error('not yet'), this.#options.clock).catch(() => undefined);
    stop();
  }

  /** What the server said when it refused to tell changes. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Begins to listen, once there is somebody to listen to. */
  listen(): void {
    if (this.#channel !== undefined || this.#stopped || !this.#connection.ready) return;
    this.#refusal = undefined;
    const tracking = new Tracking(this.#options.prefix, (keys) => this.#redis.keys.heard(keys));
    this.#listenIn(tracking, {
      armed: () => this.#hear('coherent'),
      refused: (reason) => {
        this.#refusal = reason;
        if (this.#options.boundedMs > 0) this.#listenToOthers();
        else this.#hear('refused');
      },
    });
  }

  /** Resolves when this process knows of every change that Redis had made before; false when that cannot be said. */
  async catchUp(): Promise<boolean> {
    return (await this.#channel?.catchUp()) ?? false;
  }

  /** Listens no more, and tells nobody of that. */
  stop(): void {
    this.#stopped = true;
    this.#hush();
  }

  #hush(): void {
    this.#channel?.stop();
    this.#channel = undefined;
  }

  /** The second best: what other processes say that they change. */
  #listenToOthers(): void {
    const { client } = this.#connection;
    const bus = new Bus(`${this.#options.prefix}~bus`, (channel, message) => client.publish(channel, message));
    this.#listenIn(bus, {
      armed: () => this.#hear('bounded', bus),
      refused: (reason) => {
        if (reason !== this.#refusal) this.#refusal = `${this.#refusal}; ${reason}`;
        this.#hear('refused');
      },
    });
  }

  #listenIn(dialect: Dialect, { armed, refused }: { armed: () => void; refused: (reason: string) => void }): void {
    const { clock, pingInterval, pingTimeout } = this.#options;
    const options = { dialect, clock, pingInterval, pingTimeout };
    const lost = (): void => this.#hear('deaf');
    const changed = (heard: Heard | 'everything'): void => this.store.changed(heard);
    this.#channel = new ListeningChannel(this.#connection.client, options, { armed, lost, changed, refused });
    this.#channel.start();
  }

  #hear(coherence: Coherence, bus?: Bus): void {
    this.store.hear(coherence, (heard) => bus?.tell(heard));
    if (this.#stopped) return;
    this.events.emit('coherence', () => ({ coherence, reason: coherence === 'coherent' ? undefined : this.#refusal }));
  }
}
