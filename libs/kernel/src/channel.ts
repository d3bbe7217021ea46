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
  /** Lists are replaced, never changed, so that a running emit keeps the one it started with. Never an empty list. */
  readonly #subscriptions = new Map<keyof Events & string, readonly Subscription[]>();
  readonly #onListenerError: ListenerErrorHandler;

  /** @param onListenerError told of every error of a listener. @default a warning of the process */
  constructor(onListenerError: ListenerErrorHandler = warn) {
    this.#onListenerError = onListenerError;
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
    return this.#subscriptions.has(name);
  }

  /** Tells all listeners of `name`; `build` makes the payload, once, and only if there are any. Never throws. */
  emit<Name extends keyof Events & string>(name: Name, build: () => Events[Name]): void {
    const subscriptions = this.#subscriptions.get(name);
    if (subscriptions === undefined) return;
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
  }

  #subscribe(name: keyof Events & string, subscription: Subscription): () => void {
    this.#subscriptions.set(name, [...(this.#subscriptions.get(name) ?? []), subscription]);
    return () => this.#unsubscribe(name, subscription);
  }

  #unsubscribe(name: keyof Events & string, subscription: Subscription): void {
    subscription.active = false;
    const rest = this.#subscriptions.get(name)?.filter((other) => other !== subscription) ?? [];
    if (rest.length > 0) this.#subscriptions.set(name, rest);
    else this.#subscriptions.delete(name);
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

function isThenable(outcome: unknown): outcome is PromiseLike<unknown> {
  return typeof (outcome as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
}

function warn(error: unknown, event: string): void {
  process.emitWarning(`A listener of '${event}' failed; the work it listened to went on.`, {
    type: 'ListenerWarning',
    detail: inspect(error),
  });
}
