import type { Channel, Clock } from '@mobius1/kernel';
import { makeEntry, sharer } from './draft.js';
import { StoreUnavailableError } from './errors.js';
import type { CacheEvents } from './events.js';
import type { Flight, Landing, Standing } from './flight.js';
import type { Flights } from './flights.js';
import { judge } from './freshness.js';
import { type Sequence, type Stamp, standsStill } from './generation.js';
import { Lease } from './lease.js';
import { look, type Look } from './look.js';
import type { EngineLimits } from './options.js';
import type { CacheRequest } from './request.js';
import { runLoad, type Surroundings } from './run-load.js';
import type { Counts } from './stats.js';
import type { Store } from './store.js';
import { countFill, tellForeign, tellLoad, tellUncacheable } from './telling.js';
import { isFence, newToken, type Token } from './token.js';
import type { Watch } from './watch.js';

export interface EngineParts {
  readonly store: Store;
  readonly flights: Flights;
  readonly counts: Counts;
  readonly events: Channel<CacheEvents>;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly around: Surroundings;
}

interface Ground {
  readonly token: Token;
  readonly stamps: readonly Stamp[];
  readonly sequence: Sequence | undefined;
}

/** What a value depends on, as far as it is known. */
interface Dependencies extends Pick<Ground, 'sequence'> {
  readonly stamps: readonly Stamp[] | undefined;
}

/** A transaction is about to commit: what is loaded now may be older, and is stored by nobody (rule 15). */
const isFenced = ({ holder, generations }: Look): boolean => isFence(holder) || generations.some(isFence);

const isComplete = ({ generations }: Look): boolean => !generations.includes(undefined);

/** What the load stands on, once all its generations are known. */
function groundOf({ names }: CacheRequest, { generations, sequence }: Pick<Look, 'generations' | 'sequence'>): Ground {
  const stamps = names.map((name, i) => ({ name, generation: generations[i] ?? '' }));
  return { token: newToken(), stamps, sequence };
}

/** Milliseconds for which a load of another process is waited for. */
const patienceOf = ({ plan }: CacheRequest, { waitMs }: EngineLimits): number => plan.waitTimeout ?? waitMs;

/** Who has waited for a load that failed waits for no second one: they would fail one after the other. */
const failsAgain = ({ holder, afterFailure }: Look, awaited: Token | undefined): boolean =>
  afterFailure && awaited !== undefined && awaited !== holder;

/** For operations that are done without when the store does not answer. */
export function unlessUnavailable(error: unknown): undefined {
  if (!(error instanceof StoreUnavailableError)) throw error;
}

/**
 * The load of one key: lease, load, fill (G1, protocol rules 2, 4, 6, 10 and 14; modelled in `test/model`).
 *
 * A load starts only after the lease is taken, and its value is stored only by a fill that finds the lease standing; so
 * whatever removes the key meanwhile, from any process or by hand, wins. The entry is stamped with the generations that
 * were read before the load. Who cannot take a lease because the store does not answer loads all the same, and stores
 * nothing.
 */
export class Loader {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /** Runs a flight. `first` is what its caller saw, or `undefined` when the store did not answer. */
  async fly(flight: Flight, request: CacheRequest, first: Look | undefined): Promise<Landing> {
    const ground = first === undefined ? undefined : await this.#takeLease(flight, request, first);
    if (ground !== undefined) {
      return 'landing' in ground ? ground.landing : await this.#loadLeased(flight, request, ground);
    }
    flight.leased = false;
    await Promise.resolve(); // `Flights.start` must have returned before the load asks for anything
    return this.#loadUnleased(flight, request);
  }

  /** Loads beside all flights, for a caller that cannot be handed the value of another. */
  async direct(request: CacheRequest): Promise<unknown> {
    const { value, ms } = await this.#run(request);
    tellLoad(this.#parts, request, ms, false);
    return value;
  }

  /** The lease; or what somebody else stored meanwhile; or nothing, when the wait was too long or the store is away. */
  async #takeLease(
    flight: Flight,
    request: CacheRequest,
    first: Look,
  ): Promise<Ground | { landing: Landing } | undefined> {
    const { store, flights, counts, clock, limits } = this.#parts;
    const patience = patienceOf(request, limits);
    const start = clock.monotonic();
    let seen = first;
    let watch: Watch | undefined;
    /** Whose load this flight has waited for. */
    let awaited: Token | undefined;
    try {
      for (;;) {
        if (isFenced(seen)) return undefined;
        const ground = seen.holder === undefined ? await this.#acquire(request, seen) : undefined;
        if (ground !== undefined) {
          flights.leased(flight, ground);
          if (awaited !== undefined) counts.takeOvers++;
          return ground;
        }
        const left = patience - (clock.monotonic() - start);
        if (left <= 0 || flights.holds(request.id) || failsAgain(seen, awaited)) return undefined;
        if (watch === undefined) {
          counts.waits++;
          request.standBack?.();
        }
        awaited = seen.holder ?? awaited;
        const news = (watch ??= store.watch(request.id));
        await flights.awaitLease(flight, () => news.next(left));
        seen = await look(store, request, () => tellForeign(this.#parts, request));
        const landing = this.#foundBy(seen, request);
        if (landing !== undefined) return { landing };
      }
    } catch (error) {
      unlessUnavailable(error);
      return;
    } finally {
      watch?.end();
    }
  }

  /** Takes the lease of a key that nobody seems to hold. */
  async #acquire(request: CacheRequest, seen: Look): Promise<Ground | undefined> {
    const { store, limits } = this.#parts;
    // The generations that are missing are drawn first, and only then the token (rule 5).
    const ground = groundOf(request, isComplete(seen) ? seen : await store.draw(request.names, 'missing'));
    if (ground.stamps.some(({ generation }) => isFence(generation))) return undefined; // the next look says so
    // A stale value stays for those who are allowed it; an invalidated or expired one goes.
    const keep = seen.entry !== undefined && store.now() < seen.entry.goneUntil;
    const acquisition = { token: ground.token, leaseMs: limits.leaseMs, seen: seen.version, keep };
    return (await store.acquire(request.id, acquisition)) ? ground : undefined;
  }

  #foundBy(seen: Look, { plan, accepts }: CacheRequest): Landing | undefined {
    const { entry, counter } = seen;
    if (counter !== undefined) return { kind: 'found', take: () => counter };
    if (entry === undefined || judge(entry, this.#parts.store.now(), plan.staleWhileRevalidateMs) !== 'fresh') return;
    if (accepts?.(entry.value()) === false) return;
    return { kind: 'found', take: () => entry.value() };
  }

  async #loadLeased(flight: Flight, request: CacheRequest, ground: Ground): Promise<Landing> {
    const { store, flights, clock, limits } = this.#parts;
    const lease = new Lease(store, request.id, ground.token, { leaseMs: limits.leaseMs, clock });
    flight.giveBack = () => lease.giveBack();
    try {
      const { value, ms } = await this.#run(request, flight);
      flight.giveBack = undefined;
      const draft = this.#draft(request, ground, value, ms);
      const { entry, refusal, take, stamps } = draft instanceof Promise ? await draft : draft;
      const landing = (standing: Standing): Landing => ({
        kind: 'loaded',
        raw: value,
        take,
        standing,
        version: ground.token,
      });
      if (entry !== undefined) {
        lease.end();
        const stored = await store.fill(request.id, ground.token, entry).catch(unlessUnavailable);
        countFill(this.#parts, stored);
        tellLoad(this.#parts, request, ms, stored === true);
        return landing(stored ? 'stored' : 'fenced');
      }
      tellUncacheable(this.#parts, request, refusal ?? '');
      tellLoad(this.#parts, request, ms, false);
      flights.close(flight); // who comes later must not rely on what is found out now
      const stood = await lease.fail();
      return landing(stood && (await this.#untouched(flight, request, { ...ground, stamps })) ? 'current' : 'fenced');
    } finally {
      if (!lease.ended) await lease.fail();
    }
  }

  async #loadUnleased(flight: Flight, request: CacheRequest): Promise<Landing> {
    const { value, ms } = await this.#run(request, flight);
    tellLoad(this.#parts, request, ms, false);
    return { kind: 'loaded', raw: value, take: sharer(value), standing: 'unleased', version: undefined };
  }

  #run(request: CacheRequest, flight?: Flight): Promise<{ value: unknown; ms: number }> {
    return runLoad(this.#parts, () => request.load(flight?.show));
  }

  #draft(request: CacheRequest, ground: Ground, value: unknown, ms: number) {
    const { store, clock, limits } = this.#parts;
    const { stamps, sequence, token: version } = ground;
    const draft = { request, value, version, costMs: ms, stamps, sequence };
    return makeEntry(draft, { store, random: clock.random(), maxValueBytes: limits.maxValueBytes });
  }

  /**
   * Whether those who joined may be handed a value that was not stored: nothing that it depends on was invalidated. Where
   * that is not known, nothing at all may have been. Nobody asks when all who joined had heard of everything.
   */
  async #untouched(flight: Flight, { id }: CacheRequest, { stamps, sequence }: Dependencies): Promise<boolean> {
    const { store } = this.#parts;
    if (flight.doubtful === 0) return true;
    const names = stamps?.map(({ name }) => name) ?? [];
    const reading = await store.read({ id, names, sequence: stamps === undefined }).catch(unlessUnavailable);
    if (reading === undefined) return false;
    if (stamps === undefined) return standsStill(sequence, reading.sequence);
    return stamps.every(({ generation }, i) => reading.generations[i] === generation);
  }
}
