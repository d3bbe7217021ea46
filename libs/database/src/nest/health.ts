import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import type { DatabaseHealth } from '../core/database-health.js';
import { DatabaseService } from './database.service.js';

type Session = ReturnType<HealthIndicatorService['check']>;

/** Terminus before 12.1 knows only up and down: a saturated pool is up then, with its reason. */
function report<Key extends string>(
  session: Session,
  { status, ...details }: DatabaseHealth,
): HealthIndicatorResult<Key> {
  if (status === 'down') return session.down(details);
  const { degraded } = session as Partial<Record<'degraded', unknown>>;
  if (status === 'up' || typeof degraded !== 'function') return session.up({ ...details, saturated: status !== 'up' });
  return degraded.call(session, { ...details, saturated: true }) as HealthIndicatorResult<Key>;
}

/**
 * Terminus indicator: up with the round trip in ms and the pool's numbers, degraded when no connection is free although the
 * server answers, down with the reason.
 */
@Injectable()
export class DatabaseHealthIndicator {
  readonly #database: DatabaseService;
  readonly #service: HealthIndicatorService;

  constructor(
    @Inject(DatabaseService) database: DatabaseService,
    @Inject(HealthIndicatorService) service: HealthIndicatorService,
  ) {
    this.#database = database;
    this.#service = service;
  }

  /** For `HealthCheckService.check`, under the name `key`; never throws. */
  async isHealthy<Key extends string = 'database'>(key: Key = 'database' as Key): Promise<HealthIndicatorResult<Key>> {
    return report(this.#service.check(key), await this.#database.health());
  }
}
