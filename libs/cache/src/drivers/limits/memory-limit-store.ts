import { LRUCache } from 'lru-cache';
import type { Clock } from '@mobius1/kernel';
import type { Charge, Claim, LimitRule, LimitStore, Ruling, Verdict } from '../../core/limits/limit-store.js';
import { Blocks } from '../../core/limits/meters/blocks.js';
import { Bucket } from '../../core/limits/meters/bucket.js';
import { CountedWindow } from '../../core/limits/meters/counted-window.js';
import type { Meter } from '../../core/limits/meters/meter.js';
import { SlidingWindow } from '../../core/limits/meters/sliding-window.js';
import { Slots } from '../../core/limits/meters/slots.js';

/** What was charged under a token: which charges, and when. */
interface Noted {
  readonly charges: readonly Charge[];
  readonly at: number;
  readonly until: number;
}

/** One charge, looked at. */
interface Look {
  readonly charge: Charge;
  /** Milliseconds of a block that are left; 0 for none. */
  readonly blockedMs: number;
  readonly fits: boolean;
}

// Levels of buckets are fractions: what is missing by less than this is not missing.
const ROUNDING = 1e-6;

/**
 * Rate limits of one process: the reference of the port, what limits are without Redis, and what they fall back to while it is away.
 * Bounded: the key that was used least recently is forgotten.
 */
export class MemoryLimitStore implements LimitStore {
  readonly kind = 'memory';
  readonly #clock: Clock;
  readonly #epoch: number;
  readonly #meters: LRUCache<string, Meter>;
  readonly #slots: LRUCache<string, Slots>;
  readonly #blocks: LRUCache<string, Blocks>;
  readonly #noted: LRUCache<string, Noted>;

  constructor({ clock, maxKeys }: { readonly clock: Clock; readonly maxKeys: number }) {
    this.#clock = clock;
    // Wall time that never goes back: a window of the calendar needs the one, everything else the other.
    this.#epoch = clock.now() - clock.monotonic();
    this.#meters = new LRUCache({ max: maxKeys });
    this.#slots = new LRUCache({ max: maxKeys });
    this.#blocks = new LRUCache({ max: maxKeys });
    this.#noted = new LRUCache({ max: maxKeys });
  }

  charge(charges: readonly Charge[], claim?: Claim): Promise<Ruling> {
    const now = this.#now();
    const looks = charges.map((charge) => this.#look(charge, now));
    const allowed = looks.every(isPassed);
    if (allowed) this.#apply(looks, now, claim);
    else for (const look of looks) this.#penalise(look, now);
    return Promise.resolve({ allowed, verdicts: looks.map((look) => this.#verdict(look, now)) });
  }

  peek(charges: readonly Charge[]): Promise<Ruling> {
    const now = this.#now();
    const looks = charges.map((charge) => this.#look(charge, now));
    return Promise.resolve({
      allowed: looks.every(isPassed),
      verdicts: looks.map((look) => this.#verdict(look, now)),
    });
  }

  renew(charges: readonly Charge[], token: string): Promise<void> {
    const now = this.#now();
    for (const { rule, identity } of charges)
      if (rule.kind === 'slots') this.#slotsOf(identity, rule).hold(token, now + rule.windowMs);
    return Promise.resolve();
  }

  release(charges: readonly Charge[], token: string): Promise<void> {
    for (const { rule, identity } of charges) if (rule.kind === 'slots') this.#slotsOf(identity, rule).release(token);
    return Promise.resolve();
  }

  settle(_charges: readonly Charge[], token: string, actual: number): Promise<boolean> {
    const now = this.#now();
    const noted = this.#noted.get(token);
    this.#noted.delete(token);
    if (noted === undefined || noted.until <= now) return Promise.resolve(false);
    for (const { identity, rule, cost } of noted.charges) {
      const meter = this.#meterOf(identity, rule);
      if (actual < cost) meter.remove(rule, { units: cost - actual, at: noted.at, now });
      const room = Math.max(0, rule.capacity + rule.debt - meter.used(rule, now));
      if (actual > cost) meter.add(rule, Math.min(actual - cost, Math.floor(room)), now);
    }
    return Promise.resolve(true);
  }

  reset(charges: readonly Pick<Charge, 'identity' | 'rule'>[]): Promise<void> {
    for (const { identity, rule } of charges) {
      this.#meters.delete(stateKey(identity, rule));
      this.#slots.delete(stateKey(identity, rule));
      this.#blocks.get(identity)?.forgive(rule.id);
    }
    return Promise.resolve();
  }

  block(identity: string, ms: number): Promise<void> {
    this.#blocksOf(identity).blockAll(this.#now() + ms);
    return Promise.resolve();
  }

  unblock(identity: string): Promise<void> {
    this.#blocks.delete(identity);
    return Promise.resolve();
  }

  #now(): number {
    return this.#epoch + this.#clock.monotonic();
  }

  #look(charge: Charge, now: number): Look {
    const { identity, rule } = charge;
    const blockedMs = this.#blocks.get(identity)?.leftMs(rule.id, now) ?? 0;
    const cost = rule.kind === 'slots' ? 1 : charge.cost;
    return { charge, blockedMs, fits: blockedMs === 0 && this.#used(charge, now) + cost <= rule.capacity + ROUNDING };
  }

  #apply(looks: readonly Look[], now: number, claim: Claim | undefined): void {
    const charges = looks.filter(({ fits }) => fits).map(({ charge }) => charge);
    for (const { identity, rule, cost } of charges) {
      if (rule.kind !== 'slots') this.#meterOf(identity, rule).add(rule, cost, now);
      else if (claim !== undefined) this.#slotsOf(identity, rule).hold(claim.token, now + rule.windowMs);
    }
    const settles = charges.filter((charge) => charge.settles);
    if (claim !== undefined && settles.length > 0)
      this.#noted.set(claim.token, { charges: settles, at: now, until: now + claim.ms });
  }

  #penalise({ charge: { identity, rule }, fits, blockedMs }: Look, now: number): void {
    if (fits || blockedMs > 0 || rule.shadow || rule.block === undefined) return;
    this.#blocksOf(identity).punish(rule.id, rule.block, now);
  }

  #verdict({ charge: { identity, rule, cost }, fits, blockedMs }: Look, now: number): Verdict {
    const blocked = Math.max(blockedMs, fits ? 0 : (this.#blocks.get(identity)?.leftMs(rule.id, now) ?? 0));
    if (rule.kind === 'slots') {
      const slots = this.#slotsOf(identity, rule);
      const remaining = Math.max(0, rule.limit - slots.used(now));
      const resetMs = remaining === rule.limit ? 0 : Math.ceil(slots.untilFree(now));
      return {
        allowed: fits,
        blocked: blocked > 0,
        remaining,
        resetMs,
        retryMs: blocked > 0 ? Math.ceil(blocked) : undefined,
      };
    }
    const meter = this.#meterOf(identity, rule);
    const remaining = Math.max(0, Math.floor(rule.capacity - meter.used(rule, now) + ROUNDING));
    const untilFit = fits ? 0 : meter.untilUsed(rule, rule.capacity - cost, now);
    return {
      allowed: fits,
      blocked: blocked > 0,
      remaining,
      resetMs: Math.ceil(meter.untilUsed(rule, 0, now)),
      retryMs: fits ? undefined : Math.max(1, Math.ceil(Math.max(blocked, untilFit))),
    };
  }

  #used({ identity, rule }: Charge, now: number): number {
    if (rule.kind === 'slots') return this.#slotsOf(identity, rule).used(now);
    return this.#meterOf(identity, rule).used(rule, now);
  }

  #meterOf(identity: string, rule: LimitRule): Meter {
    return orMake(this.#meters, stateKey(identity, rule), () => meterFor(rule));
  }

  #slotsOf(identity: string, rule: LimitRule): Slots {
    return orMake(this.#slots, stateKey(identity, rule), () => new Slots());
  }

  #blocksOf(identity: string): Blocks {
    return orMake(this.#blocks, identity, () => new Blocks());
  }
}

const isPassed = ({ charge, fits }: Look): boolean => fits || charge.rule.shadow;

const stateKey = (identity: string, { id }: LimitRule): string => `${id}|${identity}`;

function meterFor({ kind }: LimitRule): Meter {
  if (kind === 'bucket') return new Bucket();
  return kind === 'sliding' ? new SlidingWindow() : new CountedWindow();
}

function orMake<T extends object>(cache: LRUCache<string, T>, key: string, make: () => T): T {
  let value = cache.get(key);
  if (value === undefined) cache.set(key, (value = make()));
  return value;
}
