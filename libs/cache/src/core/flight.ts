import { AsyncLocalStorage } from 'node:async_hooks';
import { RecursiveLoadError } from './errors.js';
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
class Hold {
  readonly caller: Caller | undefined = livingCaller();
  readonly flights: Flights;
  readonly id: string;
  ended = false;

  constructor(flights: Flights, id: string) {
    this.flights = flights;
    this.id = id;
    inProgress++;
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

/**
 * The flights of one engine: at most one per key may be joined (G2, G6).
 *
 * An invalidation *detaches* a flight: who joined before keeps waiting for it, who comes later starts a new one. A load
 * that asks for its own key, directly or through another load, would wait for itself for ever: that is found out when the
 * circle would close, and fails with a clear error.
 */
export class Flights {
  /** How many leases were taken so far. */
  leases = 0;
  readonly #byId = new Map<string, Flight>();
  /** Flights that hold their key's lease, detached or not. */
  readonly #leaseholders = new Map<string, Flight>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Flight | undefined {
    return this.#byId.get(id);
  }

  /**
   * Starts a flight that may be joined until it lands or is detached; it takes the place of an earlier one. `run` must
   * not run the load before its first await.
   */
  start(plan: FlightPlan, run: (flight: Flight) => Promise<Landing>): Flight {
    const flight = new Flight(plan, run);
    this.#byId.set(plan.id, flight);
    const close = (): void => {
      flight.ended = true;
      flight.waitsFor = undefined; // it may be held for long by what its load has left behind
      this.close(flight);
      if (this.#leaseholders.get(plan.id) === flight) this.#leaseholders.delete(plan.id);
      landed();
    };
    flight.landing.then(close, close); // a failure belongs to those who wait; nobody may be left
    return flight;
  }

  /** Waits for a flight of somebody else. Throws RecursiveLoadError when that flight waits for the caller. */
  join(flight: Flight, heard: boolean): Promise<Landing> {
    const mine = runningFlight();
    if (mine !== undefined && flight.reaches(mine)) throw new RecursiveLoadError(flight.plan.id);
    if (!heard) flight.doubtful++;
    return mine === undefined ? flight.landing : waiting(mine, flight, flight.landing);
  }

  /** The caller leads this flight itself; a load inside another load is waited for like a joined one. */
  lead(flight: Flight): Promise<Landing> {
    const mine = runningFlight();
    return mine === undefined ? flight.landing : waiting(mine, flight, flight.landing);
  }

  /** Runs what makes the new value of a key that the caller holds the lease of. */
  async hold<T>(id: string, run: () => T | Promise<T>): Promise<T> {
    const hold = new Hold(this, id);
    try {
      return await current.run(hold, run);
    } finally {
      hold.end();
    }
  }

  /** True within `hold`: to wait for that lease would be to wait for oneself. */
  holds(id: string): boolean {
    for (let caller = current.getStore(); caller !== undefined; caller = caller.caller) {
      if (caller instanceof Hold && caller.id === id && caller.flights === this) return !caller.ended;
    }
    return false;
  }

  /** The flight got the lease of its key. */
  leased(flight: Flight, { token, stamps }: Omit<Footing, 'order'>): void {
    flight.footing = { token, stamps, order: ++this.leases };
    this.#leaseholders.set(flight.plan.id, flight);
  }

  /** Runs one wait of the flight for the lease of its key. Throws RecursiveLoadError when the holder waits for this flight. */
  async awaitLease(flight: Flight, wait: () => Promise<void>): Promise<void> {
    const { id } = flight.plan;
    const holder = this.#leaseholders.get(id);
    if (holder === undefined) return wait();
    if (holder.reaches(flight)) throw new RecursiveLoadError(id);
    await waiting(flight, holder, wait());
  }

  /** The flight of this process that holds the lease of a key, detached or not. */
  leaseholder(id: string): Flight | undefined {
    return this.#leaseholders.get(id);
  }

  /** Nobody may join the flight any more. */
  close(flight: Flight): void {
    if (this.#byId.get(flight.plan.id) === flight) this.#byId.delete(flight.plan.id);
  }

  detach(id: string): void {
    this.#byId.delete(id);
  }

  detachWhere(concerns: (plan: FlightPlan) => boolean): void {
    for (const flight of this.#byId.values()) if (concerns(flight.plan)) this.#byId.delete(flight.plan.id);
  }

  /**
   * Detaches the flights that are stamped with one of these generations, or may be. One that is certainly void gives its lease back: its
   * value will not be stored, so who comes later, here or in another process, need not wait for it.
   */
  detachStamped(names: readonly string[]): void {
    const stamped = (plan: FlightPlan): boolean => names.some((name) => plan.names.includes(name));
    this.detachWhere((plan) => plan.lateTags || stamped(plan));
    for (const flight of this.#leaseholders.values()) {
      if (!stamped(flight.plan)) continue;
      this.#leaseholders.delete(flight.plan.id);
      flight.giveBack?.();
    }
  }

  detachAll(): void {
    this.#byId.clear();
  }
}

/** Awaits what comes of another flight, which `mine` waits for meanwhile. */
async function waiting<T>(mine: Flight, other: Flight, outcome: Promise<T>): Promise<T> {
  mine.waitFor(other);
  try {
    return await outcome;
  } finally {
    mine.waitsFor?.delete(other);
  }
}
