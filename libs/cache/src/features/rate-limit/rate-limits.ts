import { Channel, type Clock, type Duration, OptionCheck, systemClock } from '@mobius1/kernel';
import type { CacheEvents } from '../../core/events.js';
import { encodeIdentity } from '../../core/limits/identity.js';
import type { LimitStore } from '../../core/limits/limit-store.js';
import { newToken } from '../../core/token.js';
import { Arbiter } from './arbiter.js';
import { decisionOf, unasked } from './decision.js';
import { DenyCache } from './deny-cache.js';
import { HeldSlots, noSlots } from './held-slots.js';
import { LIMIT_OPTION_DEFAULTS, type ResolvedLimitOptions } from './limit-options.js';
import { type Item, type Policies, readItems, type Reading, type Subject } from './limit-request.js';
import { LimitStats, type RateLimitStats } from './limit-stats.js';
import type {
  EstimateFor,
  RateLimitCheckOptions,
  RateLimitDecision,
  RateLimitSlot,
  RateLimitTarget,
  ReserveOptions,
  TokenReservation,
} from './limit-types.js';
import { Reservation } from './reservation.js';
import { TokenEstimator } from './token-estimator.js';

export interface RateLimitParts {
  readonly store: LimitStore;
  /** Counts while the store is away. */
  readonly local: LimitStore;
  readonly clock?: Clock;
  readonly events?: Channel<CacheEvents>;
}

/** How long a reservation may be settled: longer than a model takes to answer. */
const RESERVATION_MS = 300_000;

/**
 * Rate limits: exact, atomic, on the store's own time, and never a reason for an outage.
 *
 * @example
 * const perUser = { name: 'writes', limit: 100, window: '1m' } as const;
 * const { allowed, retryAfterMs } = await limits.check(`user:${id}`, perUser);
 */
export class RateLimits {
  /** Learns what models use, to reserve it. */
  readonly estimator = new TokenEstimator();
  readonly #options: ResolvedLimitOptions;
  readonly #parts: Required<RateLimitParts>;
  readonly #arbiter: Arbiter;
  readonly #denials: DenyCache;
  readonly #stats = new LimitStats();
  readonly #held = new Set<HeldSlots>();

  constructor(parts: RateLimitParts, options: ResolvedLimitOptions = LIMIT_OPTION_DEFAULTS) {
    const { store, local, clock = systemClock, events = new Channel<CacheEvents>() } = parts;
    this.#options = options;
    this.#parts = { store, local, clock, events };
    const { denyCacheEntries: maxEntries, denyCacheMs: ttlMs, onOutage } = this.#options;
    // In memory to ask costs no more than to remember.
    this.#denials = new DenyCache({ clock, maxEntries: store.kind === 'memory' ? 0 : maxEntries, ttlMs });
    this.#arbiter = new Arbiter({ store, local, denials: this.#denials, clock, onOutage });
  }

  /**
   * Charges the cost to every limit, or to none when one of them denies (G14).
   *
   * @throws InvalidOptionsError, InvalidKeyError for what is wrong in the call; never for the store
   */
  check(key: string, policies: Policies, options?: RateLimitCheckOptions): Promise<RateLimitDecision>;
  /** The same for targets with keys of their own. */
  check(targets: readonly RateLimitTarget[], options?: RateLimitCheckOptions): Promise<RateLimitDecision>;
  async check(subject: Subject, ...rest: unknown[]): Promise<RateLimitDecision> {
    const { items, exempt } = read('RateLimits.check', subject, rest);
    if (exempt || !this.#options.enabled) return this.#tell(exempted(items));
    const { decision } = await this.#arbiter.charge(items);
    return this.#tell(decision);
  }

  /** What `check` would say, without charging. @throws as `check` */
  peek(key: string, policies: Policies, options?: RateLimitCheckOptions): Promise<RateLimitDecision>;
  /** The same for targets with keys of their own. */
  peek(targets: readonly RateLimitTarget[], options?: RateLimitCheckOptions): Promise<RateLimitDecision>;
  async peek(subject: Subject, ...rest: unknown[]): Promise<RateLimitDecision> {
    const { items, exempt } = read('RateLimits.peek', subject, rest, { holds: true });
    if (exempt || !this.#options.enabled) return exempted(items);
    return this.#arbiter.peek(items);
  }

  /**
   * The same as `check`, for policies of which some are slots (`concurrency`): those are held until `release`, and come back by
   * themselves when this process dies. @throws as `check`
   */
  acquire(key: string, policies: Policies, options?: RateLimitCheckOptions): Promise<RateLimitSlot>;
  /** The same for targets with keys of their own. */
  acquire(targets: readonly RateLimitTarget[], options?: RateLimitCheckOptions): Promise<RateLimitSlot>;
  async acquire(subject: Subject, ...rest: unknown[]): Promise<RateLimitSlot> {
    const { items, exempt } = read('RateLimits.acquire', subject, rest, { holds: true });
    if (exempt || !this.#options.enabled) return noSlots(this.#tell(exempted(items)));
    const token = newToken();
    const { decision, store } = await this.#arbiter.charge(items, { token, ms: RESERVATION_MS });
    this.#tell(decision);
    const slots = items.filter(({ rule }) => rule.kind === 'slots');
    if (store === undefined || slots.length === 0) return noSlots(decision);
    const { clock } = this.#parts;
    const held = new HeldSlots({ decision, store, slots, token, clock, over: () => this.#held.delete(held) });
    this.#held.add(held);
    return held;
  }

  /**
   * Charges an estimate before a call of which only its end tells what it used; settle it with `commit`, `release` or `settle`. A target
   * with a cost of its own (a request beside its tokens) is charged that, for good. @throws as `check`
   */
  reserve(
    key: string,
    policies: Policies,
    estimate: number | EstimateFor,
    options?: ReserveOptions,
  ): Promise<TokenReservation>;
  /** The same for targets with keys of their own. */
  reserve(
    targets: readonly RateLimitTarget[],
    estimate: number | EstimateFor,
    options?: ReserveOptions,
  ): Promise<TokenReservation>;
  async reserve(subject: Subject, ...rest: unknown[]): Promise<TokenReservation> {
    const call = 'RateLimits.reserve';
    const [given, options] = (typeof subject === 'string' ? rest.slice(1) : rest) as [
      number | EstimateFor,
      ReserveOptions?,
    ];
    const check = new OptionCheck(call);
    const whose = typeof given === 'number' ? undefined : checkWhose(check, given);
    check.throwIfAny();
    const cost = whose === undefined ? (given as number) : this.estimator.estimate(whose);
    check.unknownKeys('', options, ['ttl']);
    const ms = check.durationMs('ttl', options?.ttl, 's') ?? RESERVATION_MS;
    check.throwIfAny();
    const items = readItems(subject, rest[0], { call, cost, settles: true, estimated: whose !== undefined });
    const token = newToken();
    const { decision, store } = this.#options.enabled
      ? await this.#arbiter.charge(items, { token, ms })
      : { decision: exempted(items), store: undefined };
    this.#tell(decision);
    const learn = (actual: number): void => {
      // What came from a cache says nothing of the model.
      if (whose !== undefined && actual > 0) this.estimator.learn(whose, actual);
      this.#denials.forget(items);
    };
    const charged = items.filter(({ settles }) => settles).map((item) => item.cost);
    const reserved = decision.allowed ? Math.max(0, ...charged) : 0;
    return new Reservation({ decision, store, items, token, reserved, learn });
  }

  /** Forgets what was used, and blocks that followed from it. @throws as `check`; StoreUnavailableError */
  reset(key: string, policies: Policies): Promise<void>;
  /** The same for targets with keys of their own. */
  reset(targets: readonly RateLimitTarget[]): Promise<void>;
  async reset(subject: Subject, ...rest: unknown[]): Promise<void> {
    const { items } = read('RateLimits.reset', subject, rest, { holds: true });
    await Promise.all([this.#parts.store.reset(items), this.#parts.local.reset(items)]);
    // Not before: a denial that was on its way would be remembered.
    this.#denials.clear();
  }

  /** Denies everything to a key, whatever the policy. Seconds or a string. @throws InvalidOptionsError, StoreUnavailableError */
  async block(key: string, duration: Duration): Promise<void> {
    const check = new OptionCheck('RateLimits.block');
    check.required('duration', duration, "a number of seconds or a string like '1m'");
    const ms = check.durationMs('duration', duration, 's') ?? 0;
    check.throwIfAny();
    const identity = encodeIdentity(key);
    await Promise.all([this.#parts.store.block(identity, ms), this.#parts.local.block(identity, ms)]);
  }

  /** Ends every block of a key, also those that followed from denials. @throws StoreUnavailableError */
  async unblock(key: string): Promise<void> {
    const identity = encodeIdentity(key);
    await Promise.all([this.#parts.store.unblock(identity), this.#parts.local.unblock(identity)]);
    this.#denials.clear();
  }

  /** What was decided since the start of the process. */
  getStats(): RateLimitStats {
    return this.#stats.read({ remembered: this.#denials.size, slots: this.#held.size });
  }

  /** Gives back every slot that is held. */
  async close(): Promise<void> {
    await Promise.all([...this.#held].map((held) => held.release()));
  }

  #tell(decision: RateLimitDecision): RateLimitDecision {
    this.#stats.count(decision);
    this.#parts.events.emit('rateLimit', () => decision);
    return decision;
  }
}

const exempted = (items: readonly Item[]): RateLimitDecision =>
  decisionOf(items.map((item) => unasked(item, 'exempt')));

function checkWhose(check: OptionCheck, given: unknown): EstimateFor {
  const whose = given as Partial<EstimateFor> | null | undefined;
  check.required('estimate', whose ?? undefined, 'a whole number, 0 or more, or { workspaceId, modelId, initial }');
  check.unknownKeys('estimate', whose ?? undefined, ['workspaceId', 'modelId', 'initial']);
  check.throwIfAny();
  for (const name of ['workspaceId', 'modelId'] as const) {
    check.required(`estimate.${name}`, whose?.[name], 'a non-empty string');
    check.string(`estimate.${name}`, whose?.[name], { max: 1_024 });
  }
  check.required('estimate.initial', whose?.initial, 'a whole number, 0 or more');
  check.integerBetween('estimate.initial', whose?.initial, 0, Number.MAX_SAFE_INTEGER);
  return whose as EstimateFor;
}

/** `(key, policies, options)` or `(targets, options)`. */
function read(
  call: string,
  subject: Subject,
  rest: readonly unknown[],
  how: Pick<Reading, 'holds'> = {},
): { items: Item[]; exempt: boolean } {
  const options = (Array.isArray(subject) ? rest[0] : rest[1]) as RateLimitCheckOptions | undefined;
  if (options !== undefined) checkOptions(call, options);
  const { cost = 1, exempt = false } = options ?? {};
  return { items: readItems(subject, rest[0], { call, cost, ...how }), exempt };
}

function checkOptions(call: string, options: RateLimitCheckOptions): void {
  const check = new OptionCheck(call);
  check.unknownKeys('', options, ['cost', 'exempt']);
  check.boolean('exempt', (options as RateLimitCheckOptions | null)?.exempt);
  check.throwIfAny();
}
