import { withDeadline } from '@mobius1/kernel';
import type { RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import type { WaitReplicasOptions } from './redis-options.js';

// Replicas of the same data centre confirm in well under a millisecond when asked by WAIT; this is for a bad moment.
export const WAIT_TIMEOUT_MS = 100;
// What WAIT may take longer than it was told to before its connection counts as broken.
const GRACE_MS = 1_000;
// What could not be told again: soon enough for a failover, slow enough for a server that refuses for long.
const TELL_AGAIN_MS = 500;
/** Unconfirmed writes beyond this are not told again; Redis has them, and only a failover could undo them. */
export const MAX_UNCONFIRMED = 10_000;

export interface ReplicatedWritesOptions extends WaitReplicasOptions {
  /** Called when too few replicas have confirmed a write in time. */
  readonly underReplicated: (facts: { acknowledged: number; wanted: number }) => void;
}

/** A write that may be sent again, at any time and to any master: it can only remove something. */
export type Removal<T> = (client: RedisClient) => Promise<T>;

/** How removals are written. */
export interface Removals {
  /** @throws StoreUnavailableError */
  run<T>(removal: Removal<T>): Promise<T>;
}

type Waiting = RedisClient & {
  wait(replicas: number, ms: number): Promise<number>;
  duplicate(override: object): RedisClient;
};

interface Turn {
  readonly removal: Removal<unknown>;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes that return when replicas have them, too (`WAIT`), so that a failover does not undo them.
 *
 * `WAIT` speaks of what its own connection wrote, and holds up whatever comes behind it; so these writes have a connection
 * of their own, and those that come while one is waited for go together with the next `WAIT`. When too few replicas
 * confirm, a write stands nevertheless; it is told again as soon as this connection is made anew, for then it may lead to
 * a replica that has become the master. A later confirmation is one for all that was written on the same connection before.
 */
export class ReplicatedWrites implements Removals {
  readonly #connection: RedisConnection;
  readonly #client: Waiting;
  readonly #channel: string;
  readonly #replicas: number;
  readonly #timeoutMs: number;
  readonly #underReplicated: ReplicatedWritesOptions['underReplicated'];
  #queue: Turn[] = [];
  #busy = false;
  #unconfirmed: Removal<unknown>[] = [];
  /** Changes with each connection. */
  #life = 0;
  /** The connection on which the unconfirmed ones were told last. */
  #toldIn = 0;

  constructor(
    connection: RedisConnection,
    prefix: string,
    { replicas, timeout = WAIT_TIMEOUT_MS, underReplicated }: ReplicatedWritesOptions,
  ) {
    this.#underReplicated = underReplicated;
    this.#connection = connection;
    this.#channel = `${prefix}~wait`;
    this.#replicas = replicas;
    this.#timeoutMs = timeout;
    this.#client = (connection.client as Waiting).duplicate({
      lazyConnect: true,
      enableOfflineQueue: false,
    }) as Waiting;
    this.#client.on('error', () => undefined); // the write that fails says so
    this.#client.on('close', () => this.#life++);
    this.#client.on('ready', () => this.#tellAgain());
    connection.events.on('ready', () => {
      void this.connect();
      this.#tellAgain();
    });
    connection.onQuit(() => this.#client.disconnect());
    if (connection.ready) void this.connect(); // a client that was given
  }

  /** Writes that stand, but that too few replicas have confirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed.length;
  }

  /** Resolves when the connection is there, or cannot be made now. */
  async connect(): Promise<void> {
    if (['wait', 'end'].includes(this.#client.status)) await this.#client.connect().catch(() => undefined);
  }

  run<T>(removal: Removal<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ removal, resolve: resolve as (reply: unknown) => void, reject });
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#queue.length > 0) {
      const turns = this.#queue;
      this.#queue = [];
      await this.#write(turns);
    }
    this.#busy = false;
  }

  /** Never rejects. */
  async #write(turns: readonly Turn[]): Promise<void> {
    const life = this.#life;
    const results = await Promise.allSettled(
      turns.map(({ removal }) => this.#connection.run(() => removal(this.#client))),
    );
    const written = turns.filter((_, i) => results[i]?.status === 'fulfilled').map(({ removal }) => removal);
    if (written.length > 0) await this.#confirm(written, life);
    turns.forEach(({ resolve, reject }, i) => {
      const result = results[i];
      if (result?.status === 'fulfilled') resolve(result.value);
      else reject(result?.reason);
    });
  }

  async #confirm(written: readonly Removal<unknown>[], life: number): Promise<void> {
    const confirmations = await this.#wait();
    // Of another connection than that of the writes it says nothing about them.
    const acknowledged = life === this.#life ? confirmations : 0;
    const wanted = this.#replicas;
    if (acknowledged >= wanted) {
      this.#unconfirmed = [];
      return;
    }
    this.#unconfirmed = [...this.#unconfirmed, ...written].slice(-MAX_UNCONFIRMED);
    this.#underReplicated({ acknowledged, wanted });
    this.#tellAgain();
  }

  /** How many replicas have all that this connection wrote; 0 when that is not known. */
  async #wait(): Promise<number> {
    const ms = this.#timeoutMs;
    try {
      // Since Redis 7.2 WAIT looks at the last write that changed something, which a DEL of what another has just deleted
      // does not; a message goes to the replicas in any case. Who may not publish does without.
      void this.#client.publish(this.#channel, '').catch(() => undefined);
      const answer = this.#client.wait(this.#replicas, ms);
      return await withDeadline(answer, ms + GRACE_MS, () => new Error('no answer'), this.#connection.clock);
    } catch {
      return 0;
    }
  }

  /** Once on each connection, when both this one and the one for commands are there: neither comes always first. */
  #tellAgain(): void {
    if (this.#toldIn === this.#life || this.#client.status !== 'ready' || !this.#connection.ready) return;
    this.#toldIn = this.#life;
    const again = this.#unconfirmed;
    this.#unconfirmed = [];
    for (const removal of again) void this.run(removal).catch(() => this.#notTold(removal));
  }

  #notTold(removal: Removal<unknown>): void {
    this.#unconfirmed.push(removal);
    this.#toldIn = -1; // at the next occasion, even if this connection lives on
    this.#connection.clock.schedule(() => this.#tellAgain(), TELL_AGAIN_MS);
  }
}
