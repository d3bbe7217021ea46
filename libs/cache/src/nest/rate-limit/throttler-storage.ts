import { Inject, Injectable } from '@nestjs/common';
import type { RateLimitPolicy } from '../../features/rate-limit/limit-types.js';
import { RateLimitService } from '../services.js';
import { factsOfResults } from './denial.js';
import { policyName } from './policy-name.js';
import { RateLimitKeys } from './rate-limit-keys.js';
import { RateLimitException } from './rate-limit.exception.js';

/** What `@nestjs/throttler` wants to know of a request; times in seconds. */
export interface ThrottlerRecord {
  /** Requests in the window, this one included. */
  readonly totalHits: number;
  /** Until the window is empty again. */
  readonly timeToExpire: number;
  /** Whether it is denied. */
  readonly isBlocked: boolean;
  /** Until it is no longer denied. */
  readonly timeToBlockExpire: number;
}

// Throttlers may compute limits for each request: policies must not fill the memory.
const MOST_POLICIES = 1_000;

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

/**
 * The storage of `@nestjs/throttler` 6 on these rate limits: exact in every window, one round trip for each throttler, and no outage when
 * Redis is away. It implements `ThrottlerStorage` by its shape, so the package is needed by nobody else.
 *
 * @example
 * ```ts
 * ThrottlerModule.forRootAsync({
 *   inject: [RateLimitThrottlerStorage],
 *   useFactory: (storage: RateLimitThrottlerStorage) => ({ throttlers: [{ ttl: 60_000, limit: 100 }], storage }),
 * })
 * ```
 */
@Injectable()
export class RateLimitThrottlerStorage {
  readonly #limits: RateLimitService;
  readonly #keys: RateLimitKeys;
  readonly #policies = new Map<string, RateLimitPolicy>();

  constructor(@Inject(RateLimitService) limits: RateLimitService, @Inject(RateLimitKeys) keys: RateLimitKeys) {
    this.#limits = limits;
    this.#keys = keys;
  }

  /**
   * Counts one request, called by `ThrottlerGuard`; `ttl` and `blockDuration` are milliseconds.
   *
   * @throws RateLimitException with 503, when Redis is away and the module says `onOutage: 'closed'`
   */
  async increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttlerName: string,
  ): Promise<ThrottlerRecord> {
    // No window, or no end of units: what the guard's own storage lets pass, too.
    if (!(ttl > 0) || !Number.isFinite(ttl) || limit === Infinity)
      return { totalHits: 1, timeToExpire: 0, isBlocked: false, timeToBlockExpire: 0 };
    const units = Math.max(0, Math.floor(limit));
    const policy = this.#policy({ name: throttlerName, units, ttl: Math.ceil(ttl), block: Math.ceil(blockDuration) });
    const { results, unavailable } = await this.#limits.check(this.#keys.of({ custom: key }), policy);
    const [result] = results;
    if (unavailable || result === undefined) throw new RateLimitException(factsOfResults(results));
    const { allowed, remaining, resetMs, retryAfterMs, windowMs } = result;
    return {
      totalHits: allowed ? units - remaining : units + 1,
      timeToExpire: seconds(resetMs),
      isBlocked: !allowed,
      timeToBlockExpire: allowed ? 0 : seconds(retryAfterMs ?? windowMs),
    };
  }

  #policy(of: { name: string; units: number; ttl: number; block: number }): RateLimitPolicy {
    const id = JSON.stringify(of);
    const known = this.#policies.get(id);
    if (known !== undefined) return known;
    const { name, units, ttl, block } = of;
    const policy: RateLimitPolicy = {
      name: policyName(name),
      limit: units,
      window: `${ttl}ms`,
      ...(block > 0 ? { block: { for: `${block}ms`, factor: 1, max: `${block}ms` } } : {}),
    };
    if (this.#policies.size >= MOST_POLICIES) this.#policies.clear();
    this.#policies.set(id, policy);
    return policy;
  }
}
