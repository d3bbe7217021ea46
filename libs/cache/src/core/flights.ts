import { RecursiveLoadError } from './errors.js';
import { Flight, type FlightPlan, type Footing, Hold, isHeld, type Landing, runningFlight } from './flight.js';

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
    const end = (): void => {
      this.close(flight);
      if (this.#leaseholders.get(plan.id) === flight) this.#leaseholders.delete(plan.id);
      flight.end();
    };
    flight.landing.then(end, end); // a failure belongs to those who wait; nobody may be left
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
      return await hold.run(run);
    } finally {
      hold.end();
    }
  }

  /** True within `hold`: to wait for that lease would be to wait for oneself. */
  holds(id: string): boolean {
    return isHeld(this, id);
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
   * Detaches the flights that are stamped with one of these generations, or may be. One that is stamped gives its lease back: what it
   * would store is void (or, when the news is older than its lease, is loaded once more), so who comes later, here or in another process,
   * need not wait for it.
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
