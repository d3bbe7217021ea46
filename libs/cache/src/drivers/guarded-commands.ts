import { type Channel, CircuitBreaker, type Clock } from '@mobius1/kernel';
import { StoreUnavailableError } from '../core/errors.js';
import type { RedisClient } from './redis-client.js';
import { type Refusal, Refusals, withoutCommand } from './refusals.js';
import { ReplyWatch } from './reply-watch.js';

// Walks over keys and INFO may take longer than the read of one key.
const SLOW_FACTOR = 40;

export type CommandEvents = {
  /** Redis answers, but refuses; told once for each kind of refusal in ten seconds. */
  refused: Refusal;
  /** The circuit breaker changed its state. */
  breaker: { from: string; to: string };
};

export interface GuardedCommandsOptions {
  readonly client: RedisClient;
  readonly clock: Clock;
  readonly events: Pick<Channel<CommandEvents>, 'emit'>;
  /** Where the client leads, for messages. */
  readonly place: string;
  /** Milliseconds for a reply. */
  readonly timeoutMs: number;
  /** Why no command can be sent now; `undefined` when it can. */
  readonly closed: () => string | undefined;
  /** Why the connection ended under a command. */
  readonly whyEnded: () => string;
}

/**
 * The one place where failures of commands are met: every command has a deadline, a breaker stops asking a server that does
 * not answer, and whatever goes wrong becomes a `StoreUnavailableError` (G10) that tells neither keys nor values (G9).
 */
export class GuardedCommands {
  readonly breaker: CircuitBreaker;
  /** What Redis has refused lately. */
  readonly refusals: Refusals;
  /** Milliseconds for the reply to a command that walks over keys or asks for more than one key's worth. */
  readonly slowMs: number;
  readonly #options: GuardedCommandsOptions;
  readonly #watch: ReplyWatch;
  readonly #slowWatch: ReplyWatch;
  readonly #watches: ReplyWatch[];
  #gathering = false;

  constructor(options: GuardedCommandsOptions) {
    const { clock, events, timeoutMs } = options;
    this.#options = options;
    this.slowMs = timeoutMs * SLOW_FACTOR;
    this.refusals = new Refusals(clock);
    this.#watch = new ReplyWatch(timeoutMs, clock);
    this.#slowWatch = new ReplyWatch(this.slowMs, clock);
    this.#watches = [this.#watch, this.#slowWatch];
    this.breaker = new CircuitBreaker({
      clock,
      onTransition: (from, to) => events.emit('breaker', () => ({ from, to })),
    });
  }

  run<T>(command: () => Promise<T>): Promise<T> {
    this.#gather();
    return this.#guarded(command, this.#watch);
  }

  runSlow<T>(command: () => Promise<T>): Promise<T> {
    return this.#guarded(command, this.#slowWatch);
  }

  within(ms: number): <T>(command: () => Promise<T>) => Promise<T> {
    const watch = new ReplyWatch(ms, this.#options.clock);
    this.#watches.push(watch);
    return (command) => {
      this.#gather();
      return this.#guarded(command, watch);
    };
  }

  /** Gives up all that are under way: nobody will answer them any more. */
  abandon(): void {
    for (const watch of this.#watches) watch.abandon();
  }

  /** Notes a refusal, if the error is one. */
  noteRefusal(error: unknown): void {
    const refusal = this.refusals.note(error);
    if (refusal !== undefined) this.#options.events.emit('refused', () => refusal);
  }

  unavailable(cause: unknown): StoreUnavailableError {
    if (cause instanceof StoreUnavailableError) return cause;
    const clean = withoutCommand(cause);
    return new StoreUnavailableError(this.#options.place, clean.message, { cause: clean });
  }

  /** Commands of one turn leave in one write: a system call each would be a third of their cost. */
  #gather(): void {
    const { stream } = this.#options.client;
    if (this.#gathering || typeof stream?.cork !== 'function') return;
    this.#gathering = true;
    stream.cork();
    process.nextTick(() => {
      this.#gathering = false;
      stream.uncork();
    });
  }

  #guarded<T>(command: () => Promise<T>, watch: ReplyWatch): Promise<T> {
    const closed = this.#options.closed();
    if (closed !== undefined) return this.#refuse(closed);
    if (!this.breaker.tryAcquire()) return this.#refuse('it did not answer lately (circuit breaker open)');
    return new Promise<T>((resolve, reject) => {
      // Only silence opens the breaker: a server that refuses one command may well answer the next.
      const watched = watch.begin((why) => {
        if (why === 'silence') this.breaker.failure();
        else this.breaker.success();
        reject(this.unavailable(why === 'silence' ? silence(watch.ms) : new Error(this.#options.whyEnded())));
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
          this.noteRefusal(error);
          reject(this.unavailable(error));
        },
      );
    });
  }

  #refuse(reason: string): Promise<never> {
    return Promise.reject(this.unavailable(new Error(reason)));
  }
}

export const silence = (ms: number): Error => new Error(`no reply within ${ms} ms`);
