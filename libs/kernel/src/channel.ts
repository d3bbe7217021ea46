import { channel as diagnostics } from 'node:diagnostics_channel';
import { inspect } from 'node:util';

/** Takes the payload of one event; a promise it returns is not awaited, but its rejection is reported. */
export type Listener<Payload> = (payload: Payload) => void | Promise<void>;

/** Told what a listener threw, and on which event. */
export type ListenerErrorHandler = (error: unknown, event: string) => void;

interface Subscription {
  // Never, because subscriptions of all events share one map; `on` has checked the type.
  readonly listener: (payload: never) => void | Promise<void>;
  readonly once: boolean;
  active: boolean;
}

export interface ChannelOptions {
  /** Told of every error of a listener. @default a warning of the process */
  readonly onListenerError?: ListenerErrorHandler;
  /** Also publish every event on `node:diagnostics_channel`. @default not */
  readonly publish?: Publication;
}

/** How events are published to whoever subscribes in this process, without knowing the emitter. */
export interface Publication {
  /** An event `hit` is published as `<prefix>:hit`. */
  readonly prefix: string;
  /** Fields that every message carries beside its payload, to tell emitters apart. */
  readonly origin: Readonly<Record<string, unknown>>;
}

/** Who is told of the events of one name. */
interface Line {
  /** A list is replaced, never changed, so that a running emit keeps the one it started with. */
  subscriptions: readonly Subscription[];
  readonly published: { readonly hasSubscribers: boolean; publish(message: unknown): void } | undefined;
}

/**
 * Typed events that cannot hurt whoever emits them.
 *
 * Nothing is built when nobody listens, listeners run synchronously in the order they came, and an error of one of them
 * reaches neither the emitter nor the others.
 *
 * @typeParam Events the payload of each event by its name.
 * @example
 * const events = new Channel<{ hit: { key: string } }>();
 * const stop = events.on('hit', ({ key }) => console.log(key));
 * events.emit('hit', () => ({ key: 'user:1' }));
 */
export class Channel<Events extends object> {
  readonly #lines = new Map<keyof Events & string, Line>();
  readonly #onListenerError: ListenerErrorHandler;
  readonly #publish: Publication | undefined;

  constructor({ onListenerError = warn, publish }: ChannelOptions = {}) {
    this.#onListenerError = onListenerError;
    this.#publish = publish;
  }

  /** Calls `listener` on every event `name` until the returned function is called, also when that is during an emit. */
  on<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void {
    return this.#subscribe(name, { listener, once: false, active: true });
  }

  /** Calls `listener` on the next event `name` only; the returned function calls it off. */
  once<Name extends keyof Events & string>(name: Name, listener: Listener<Events[Name]>): () => void {
    return this.#subscribe(name, { listener, once: true, active: true });
  }

  /** Whether anybody listens; ask first where even the closure of `build` would cost too much. */
  has(name: keyof Events & string): boolean {
    return isHeard(this.#line(name));
  }

  /** Tells all listeners of `name`; `build` makes the payload, once, and only if there are any. Never throws. */
  emit<Name extends keyof Events & string>(name: Name, build: () => Events[Name]): void {
    const line = this.#lines.get(name) ?? this.#line(name);
    if (!isHeard(line)) return;
    const { subscriptions } = line;
    let payload: Events[Name];
    try {
      payload = build();
    } catch (error) {
      // Built only because somebody watches: watching must not change the outcome of the work.
      this.#report(error, name);
      return;
    }
    for (const subscription of subscriptions) {
      if (subscription.active) this.#deliver(name, subscription, payload as never);
    }
    // A subscriber that throws is reported by Node.js itself.
    if (line.published?.hasSubscribers) line.published.publish({ ...this.#publish?.origin, ...payload });
  }

  #line(name: keyof Events & string): Line {
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = { subscriptions: [], published: this.#publish && diagnostics(`${this.#publish.prefix}:${name}`) };
      this.#lines.set(name, line);
    }
    return line;
  }

  #subscribe(name: keyof Events & string, subscription: Subscription): () => void {
    const line = this.#line(name);
    line.subscriptions = [...line.subscriptions, subscription];
    return () => this.#unsubscribe(name, subscription);
  }

  #unsubscribe(name: keyof Events & string, subscription: Subscription): void {
    subscription.active = false;
    const line = this.#line(name);
    line.subscriptions = line.subscriptions.filter((other) => other !== subscription);
  }

  #deliver(name: keyof Events & string, subscription: Subscription, payload: never): void {
    if (subscription.once) this.#unsubscribe(name, subscription);
    try {
      const outcome: unknown = subscription.listener(payload);
      if (isThenable(outcome)) outcome.then(undefined, (error: unknown) => this.#report(error, name));
    } catch (error) {
      this.#report(error, name);
    }
  }

  #report(error: unknown, name: string): void {
    try {
      this.#onListenerError(error, name);
    } catch (errorOfHandler) {
      warn(errorOfHandler, name);
    }
  }
}

const isHeard = ({ subscriptions, published }: Line): boolean =>
  subscriptions.length > 0 || published?.hasSubscribers === true;

function isThenable(outcome: unknown): outcome is PromiseLike<unknown> {
  return typeof (outcome as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

function warn(error: unknown, event: string): void {
  process.emitWarning(`A listener of '${event}' failed; the work it listened to went on.`, {
    type: 'ListenerWarning',
    detail: inspect(error),
  });
}
