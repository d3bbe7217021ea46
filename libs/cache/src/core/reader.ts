import type { HeldEntry } from './entry.js';
import type { Outcome } from './events.js';
import type { Flight, Landing, Standing } from './flight.js';
import { judge, refreshesEarly } from './freshness.js';
import { type EngineParts, Loader, unlessUnavailable } from './loader.js';
import { look, type Look } from './look.js';
import { Patience } from './patience.js';
import type { CacheRequest } from './request.js';
import { tellForeign } from './telling.js';

// A caller that was refused the value of others this often loads by itself: nobody waits in a circle.
const MAX_JOINS = 3;

const HEARD: Omit<Joining, keyof Waiting> = { heard: true, stands: true };

/** What was seen without asking the store. */
type LocalLook = Pick<Look, 'entry' | 'counter'>;

export interface Answer {
  readonly value: unknown;
  readonly outcome: Outcome;
  /** What the load of somebody else shows of its value, in the place of the value, which is not there yet. */
  readonly shown?: unknown;
  /** What became of a value that this caller loaded. */
  readonly standing?: Standing;
}

interface Waiting {
  readonly patience: Patience;
  /** Answers for a load that is slow or fails. */
  readonly fallback: HeldEntry | undefined;
}

/** How a caller joins a flight. */
interface Joining extends Waiting {
  /** The flight would have been detached by every invalidation up to now. */
  readonly heard: boolean;
  /** It is known that no invalidation before the caller came concerns it. */
  readonly stands: boolean;
}

/**
 * The one read path of a cached load, after the in-process tier had no answer.
 *
 * Look at the store; a fresh value is the answer, a stale one may be while it is refreshed behind. Otherwise join the
 * flight of this key or lead one. Where the invalidations of other processes are not heard (`store.audible` is false), who
 * joined does not take the flight's value on trust: it may have been loaded before an invalidation that returned before
 * the caller came. The flight's fill is in the store then, so one more look decides (G2).
 */
export class Reader {
  readonly #parts: EngineParts;
  readonly #loader: Loader;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#loader = new Loader(parts);
  }

  async read(request: CacheRequest): Promise<Answer> {
    const { flights } = this.#parts;
    const patience = new Patience(request, this.#parts);
    let fallback: HeldEntry | undefined;
    let awaited: Landing | undefined;
    for (let joins = 0; joins < MAX_JOINS;) {
      const arrival = flights.leases;
      const heard = this.#heard(request.id);
      const seen = heard === undefined ? await this.#look(request) : undefined;
      // What this process holds is as good as what the store holds: it may do where the store was not, or cannot be, asked.
      const known = acceptable(request, seen ?? this.#peek(request.id));
      const served = known && this.#serve(request, known, awaited);
      if (served !== undefined) return served;
      fallback = known?.entry;
      const waiting = { patience, fallback };
      const joined = heard ?? this.#joinable(request, seen, arrival);
      if (joined === undefined) return await this.#lead(request, seen, waiting);
      if (flights.holds(request.id)) break; // that flight waits for the write that asks here
      joins++;
      request.standBack?.();
      const trust =
        joined === heard ? HEARD : { heard: false, stands: seen !== undefined || isYounger(joined, arrival) };
      const answer = await this.#join(request, joined, { ...waiting, ...trust });
      if ('value' in answer) return answer;
      awaited = answer;
    }
    return this.#direct(request, { patience, fallback });
  }

  /** A flight that every invalidation up to now would have detached. */
  #heard(id: string): Flight | undefined {
    const { store, flights } = this.#parts;
    const flight = store.audible ? flights.get(id) : undefined;
    return flight?.leased ? flight : undefined;
  }

  /** Rolls the dice of early refresh for a fresh entry of this process. */
  refreshEarly(request: CacheRequest, entry: HeldEntry): void {
    const { store, clock } = this.#parts;
    if (refreshesEarly(entry, store.now(), request.plan.earlyRefresh, clock.random())) this.refresh(request, undefined);
  }

  /** Refreshes behind a value that was served already. */
  refresh(request: CacheRequest, local: Look | LocalLook | undefined): void {
    const { flights, events } = this.#parts;
    const seen = local !== undefined && 'generations' in local ? local : undefined;
    if (flights.get(request.id) !== undefined || seen?.holder !== undefined) return;
    const { key, namespace } = request;
    const first = seen ?? this.#look(request);
    const flight = flights.start(request, async (self) => this.#loader.fly(self, request, await first));
    flight.landing.catch((error: unknown) => events.emit('refreshFailed', () => ({ key, namespace, error })));
  }

  /** What this process holds itself. It says nothing of generations: a load must not be stamped by it. */
  #peek(id: string): LocalLook | undefined {
    const entry = this.#parts.store.peek(id);
    return entry && { entry, counter: undefined };
  }

  async #look(request: CacheRequest): Promise<Look | undefined> {
    try {
      return await look(this.#parts.store, request, () => tellForeign(this.#parts, request));
    } catch (error) {
      unlessUnavailable(error);
      return;
    }
  }

  /** What was seen, if it answers. `awaited`: a load this caller waited for; its value is as good as fresh. */
  #serve(request: CacheRequest, seen: Look | LocalLook, awaited: Landing | undefined): Answer | undefined {
    const { entry, counter } = seen;
    if (counter !== undefined) return { value: counter, outcome: 'hit' };
    if (entry === undefined) return undefined;
    const { store, clock } = this.#parts;
    const { plan } = request;
    const now = store.now();
    const freshness = judge(entry, now, plan.staleWhileRevalidateMs);
    if (freshness === 'fresh') {
      if (refreshesEarly(entry, now, plan.earlyRefresh, clock.random())) this.refresh(request, seen);
      return { value: entry.value(), outcome: 'hit' };
    }
    if (awaited?.kind === 'loaded' && awaited.version === entry.version)
      return { value: entry.value(), outcome: 'miss' };
    if (freshness === 'expired') return undefined;
    this.refresh(request, seen);
    return { value: entry.value(), outcome: 'stale' };
  }

  /**
   * A flight without a lease may only be joined by those who cannot reach the store either, and who hear nothing: while
   * changes are heard, one that is not heard could have come from elsewhere (protocol rule 10).
   */
  #joinable(request: CacheRequest, seen: Look | undefined, arrival: number): Flight | undefined {
    const { store, flights } = this.#parts;
    const flight = flights.get(request.id);
    if (flight?.leased === false) return seen === undefined && !store.audible ? flight : undefined;
    return request.joinsShown && seen !== undefined ? this.#standing(request, seen, arrival) : flight;
  }

  /**
   * For callers who take what a load shows, which nobody looks at again: a flight that no invalidation before the caller came has
   * concerned, whether or not this process has heard of one, or has detached it for the news of its own lease. One that is void is let go:
   * to see that in the store is as good as to hear of it.
   */
  #standing({ id, names }: CacheRequest, seen: Look, arrival: number): Flight | undefined {
    const { flights } = this.#parts;
    const flight = flights.get(id) ?? flights.leaseholder(id);
    if (flight === undefined || isYounger(flight, arrival)) return flight;
    const { token, stamps } = flight.footing ?? { token: undefined, stamps: [] };
    const changed = stamps.filter(({ name, generation }) => seen.generations[names.indexOf(name)] !== generation);
    if (seen.holder === token && changed.length === 0) return flight;
    flights.detachStamped(changed.map(({ name }) => name));
    flights.close(flight);
    return undefined;
  }

  async #lead(request: CacheRequest, seen: Look | undefined, { patience, fallback }: Waiting): Promise<Answer> {
    const { flights } = this.#parts;
    const flight = flights.start(request, (self) => this.#loader.fly(self, request, seen));
    const landing = await patience.wait(flights.lead(flight), fallback);
    if ('outcome' in landing) return landing;
    return landing.kind === 'found'
      ? { value: landing.take(), outcome: 'hit' }
      : { value: landing.raw, outcome: 'miss', standing: landing.standing };
  }

  /** The flight's value, or how it landed when this caller must look for itself. */
  async #join(request: CacheRequest, flight: Flight, joining: Joining): Promise<Answer | Landing> {
    const { flights } = this.#parts;
    const { patience, fallback, heard, stands } = joining;
    const takesShown = stands && request.joinsShown === true;
    const landed = patience.wait(flights.join(flight, heard), fallback);
    const landing = await (takesShown ? Promise.race([shownBy(flight), landed]) : landed);
    if ('outcome' in landing) return landing;
    const outcome = landing.kind === 'found' ? 'hit' : 'miss';
    if (landing.take === undefined) return this.#direct(request, joining);
    const trusted = heard || (landing.kind === 'loaded' && ['current', 'unleased'].includes(landing.standing));
    return trusted ? { value: landing.take(), outcome } : landing;
  }

  /** A load beside all flights, for a caller that cannot have the value of another. */
  async #direct(request: CacheRequest, { patience, fallback }: Waiting): Promise<Answer> {
    const load = this.#loader.direct(request).then((value): Answer => ({ value, outcome: 'miss' }));
    return patience.wait(load, fallback);
  }
}

/** What was seen, without a value that is no answer for this caller. */
function acceptable<Seen extends Look | LocalLook>(
  { accepts }: CacheRequest,
  seen: Seen | undefined,
): Seen | undefined {
  if (accepts === undefined || seen?.entry === undefined || accepts(seen.entry.value())) return seen;
  return { ...seen, entry: undefined };
}

/** Whether the load of a flight began, or will begin, after this many leases had been taken; without a lease nothing can be known. */
const isYounger = ({ leased, footing }: Flight, arrival: number): boolean =>
  !leased || footing === undefined || footing.order > arrival;

async function shownBy(flight: Flight): Promise<Answer> {
  const shown = await flight.shown;
  return { value: undefined, outcome: 'miss', shown };
}
