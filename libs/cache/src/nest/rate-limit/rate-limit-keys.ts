import { Inject, Injectable } from '@nestjs/common';
import { InvalidKeyError } from '../../core/errors.js';
import type { CacheInstance } from '../../instance/cache-instance.js';
import { CACHE_INSTANCE, ROUTE_LIMITS } from '../tokens.js';
import { countedAddress } from './client-address.js';
import type { RouteLimits } from './route-limits.js';

/** A caller, by what is known of it; in the order in which `by` names the parts. */
export interface RateLimitCaller {
  /** The address, as the request has it. */
  readonly ip?: string;
  /** The id of the user. */
  readonly user?: string | number | bigint;
  /** The id of the workspace. */
  readonly workspace?: string | number | bigint;
  /** The API key; a digest stands in the key. */
  readonly apiKey?: string;
  /** What a function of `by` returns. */
  readonly custom?: string | number | bigint;
}

/**
 * The keys under which `RateLimitGuard` counts: to look at, reset or block one caller with `RateLimitService`. They are digests, keyed by
 * `keySecret` if there is one.
 *
 * @example
 * ```ts
 * await limits.block(keys.of({ user: 'u1' }), '1h');
 * ```
 */
@Injectable()
export class RateLimitKeys {
  readonly #instance: CacheInstance;
  readonly #limits: RouteLimits;

  constructor(@Inject(CACHE_INSTANCE) instance: CacheInstance, @Inject(ROUTE_LIMITS) limits: RouteLimits) {
    this.#instance = instance;
    this.#limits = limits;
  }

  /** The key of a caller. @throws InvalidKeyError for a caller of whom nothing is known, or with an address that is none */
  of(caller: RateLimitCaller): string {
    const parts = Object.entries(caller).filter(([, value]) => value !== undefined && value !== '');
    if (parts.length === 0)
      throw new InvalidKeyError('RateLimitKeys.of: nothing is known of the caller; name its ip, user, …');
    const values = parts.map(([name, value]) => (name === 'ip' ? this.#address(value) : String(value)));
    return this.#instance.argumentKeys.keyOf(parts.map(([name]) => name).join('+'), values);
  }

  #address(value: unknown): string {
    const address = countedAddress(value, this.#limits.settings.ipv6Prefix);
    if (address === undefined) throw new InvalidKeyError('RateLimitKeys.of: ip is no IPv4 or IPv6 address.');
    return address;
  }
}
