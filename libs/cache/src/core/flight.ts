import { AsyncLocalStorage } from 'node:async_hooks';
import type { Stamp } from './generation.js';
import type { Token } from './token.js';

/**
 * `stored`: under its version. `current`: not stored, but no invalidation came before the end of the load.
 * `fenced`: an invalidation came, or that is not known. `unleased`: the store could not be asked at all.
 */
export type Standing = 'stored' | 'current' | 'fenced' | 'unleased';

/** How a flight ended, for those who joined it. */
export type Landing =
  /** Another process had stored the value meanwhile. */
  | { readonly kind: 'found'; readonly take: () => unknown }
  /** This process ran the load. `raw` is what it returned and belongs to the caller who led the flight. */
  | {
      readonly kind: 'loaded';
      readonly raw: unknown;
      /** Hands out the value to others (G8); absent when the value cannot be copied. */
      readonly take: (() => unknown) | undefined;
      readonly standing: Standing;
      readonly version: Token | undefined;
    };

/** What a flight depends on, so that an invalidation can tell whether it concerns it. */
export interface FlightPlan {
  readonly id: string;
  /** Names of the generations it will be stamped with. */
  readonly names: readonly string[];
  /** Its tags come from the result: any invalidation of a tag may concern it (protocol rule 8). */
  readonly lateTags: boolean;
}

/** What the load of a flight stands on: its lease, and the generations that were read before it. */
export interface Footing {
  readonly token: Token;
  readonly stamps: readonly Stamp[];
  /** Which of the leases of this process it is: those with a higher number were taken later. */
  readonly order: number;
}

/** What the code that is running was called from: the load of a flight, or a write that holds its key. */
type Caller = Flight | Hold;

/** One load of one key, from the wish to load until it is stored or not. */
export class Flight {
  readonly caller: Caller | undefined = livingCaller();
  readonly plan: FlightPlan;
  /** False once it goes on without a lease: then an invalidation elsewhere is silent, and few may join (rule 10). */
  leased = true;
  /** How many callers joined who may have come after an invalidation that this process did not hear. */
  doubtful = 0;
  readonly landing: Promise<Landing>;
  /** It has landed: nobody waits for it any more. */
  ended = false;
  /** Flights that the load of this one waits for. */
  waitsFor: Set<Flight> | undefined;
  /** Present once its lease is taken, which is before its load begins. */
  footing: Footing | undefined;
  /** Gives its lease back; present while it holds one. */
  giveBack: (() => void) | undefined;
  #shown: Promise<unknown> | undefined;
  #show: ((what: unknown) => void) | undefined;

  constructor(plan: FlightPlan, run: (flight: Flight) => Promise<Landing>) {
    this.plan = plan;
    inProgress++;
    this.landing = current.run(this, run, this);
  }

  /** What its load shows of its value before it has it, a stream of parts for example. Never settles when it shows nothing. */
  get shown(): Promise<unknown> {
    return (this.#shown ??= new Promise((resolve) => (this.#show = resolve)));
  }

  /** For the load: see `shown`. */
  readonly show = (what: unknown): void => {
    if (this.#show === undefined) this.#shown ??= Promise.resolve(what);
    else this.#show(what);
  };

  /** Its load waits for the load of another flight as well. */
  waitFor(other: Flight): void {
    (this.waitsFor ??= new Set()).add(other);
  }

  /** Nobody waits for it any more. It may be held for long by what its load has left behind, and is to hold no others. */
  end(): void {
    this.ended = true;
    this.waitsFor = undefined;
    landed();
  }

  /** True when this flight waits, directly or through others, for `other`. */
  reaches(other: Flight): boolean {
    const seen = new Set<Flight>([this]);
    for (const flight of seen) {
      if (flight === other) return true;
      for (const next of flight.waitsFor ?? []) seen.add(next);
    }
    return false;
  }
}

/** A write that keeps its key from all loads until it is done. */
export class Hold {
  readonly caller: Caller | undefined = livingCaller();
  /** The flights of the engine whose key it is. */
  readonly owner: object;
  readonly id: string;
  ended = false;

  constructor(owner: object, id: string) {
    this.owner = owner;
    this.id = id;
    inProgress++;
  }

  /** Runs code that is called from this write. */
  run<T>(code: () => T): T {
    return current.run(this, code);
  }

  end(): void {
    this.ended = true;
    landed();
  }
}

const current = new AsyncLocalStorage<Caller>();

/**
 * What called the running code. What has ended does not count, and is let go: a connection that a load has opened keeps the load's
 * context for ever, and so does whatever else it has left behind.
 */
function livingCaller(): Caller | undefined {
  let caller = current.getStore();
  while (caller?.ended) caller = caller.caller;
  return caller;
}

/** Whether the running code was called from a write that holds this key and is not done. */
export function isHeld(owner: object, id: string): boolean {
  for (let caller = current.getStore(); caller !== undefined; caller = caller.caller) {
    if (caller instanceof Hold && caller.id === id && caller.owner === owner) return !caller.ended;
  }
  return false;
}

/** The flight whose load is running here. */
export function runningFlight(): Flight | undefined {
  let caller = livingCaller();
  while (caller instanceof Hold || caller?.ended) caller = caller.caller;
  return caller;
}

/** Flights and holds in progress, in all caches of the process. */
let inProgress = 0;

/** Before Node.js 24 asynchronous contexts make every promise of the process dearer: without loads there are none. */
function landed(): void {
  if (--inProgress === 0) current.disable();
}
