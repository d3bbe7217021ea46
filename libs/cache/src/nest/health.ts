import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { CacheHealth } from '../instance/cache-health.js';
import type { CacheInstance } from '../instance/cache-instance.js';
import { CACHE_INSTANCE } from './tokens.js';

type Details = Omit<CacheHealth, 'status'>;
type Session = ReturnType<HealthIndicatorService['check']>;

/** Terminus before 12.1 knows only up and down: degraded is up then, with its reasons. */
function report<Key extends string>(
  session: Session,
  status: CacheHealth['status'],
  details: Details,
): HealthIndicatorResult<Key> {
  const { degraded } = session as Partial<Record<'degraded', unknown>>;
  if (status === 'down') return session.down(details);
  if (status === 'up' || typeof degraded !== 'function')
    return session.up({ ...details, degraded: status === 'degraded' });
  return degraded.call(session, details) as HealthIndicatorResult<Key>;
}

/**
 * Terminus indicator of the cache. A cache that is down does not stop the application, so it is reported as `degraded`
 * unless `strict` is set; a Redis that must be there is what `RedisHealthIndicator` is for.
 */
@Injectable()
export class CacheHealthIndicator {
  readonly #instance: CacheInstance;
  readonly #service: HealthIndicatorService;

  constructor(
    @Inject(CACHE_INSTANCE) instance: CacheInstance,
    @Inject(HealthIndicatorService) service: HealthIndicatorService,
  ) {
    this.#instance = instance;
    this.#service = service;
  }

  /** For `HealthCheckService.check`, under the name `key`; never throws. `strict`: down is down. @default false */
  async isHealthy<Key extends string = 'cache'>(
    key: Key = 'cache' as Key,
    { strict = false }: { strict?: boolean } = {},
  ): Promise<HealthIndicatorResult<Key>> {
    const { status, ...details } = await this.#instance.health();
    return report(this.#service.check(key), status === 'down' && !strict ? 'degraded' : status, details);
  }
}

/** Terminus indicator of Redis itself: down when it does not answer, up when none is configured. */
@Injectable()
export class RedisHealthIndicator {
  readonly #instance: CacheInstance;
  readonly #service: HealthIndicatorService;

  constructor(
    @Inject(CACHE_INSTANCE) instance: CacheInstance,
    @Inject(HealthIndicatorService) service: HealthIndicatorService,
  ) {
    this.#instance = instance;
    this.#service = service;
  }

  /** For `HealthCheckService.check`, under the name `key`; never throws. */
  async isHealthy<Key extends string = 'redis'>(key: Key = 'redis' as Key): Promise<HealthIndicatorResult<Key>> {
    const { status, ...details } = await this.#instance.health();
    return report(this.#service.check(key), status, details);
  }
}
