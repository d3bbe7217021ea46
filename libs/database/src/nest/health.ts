import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { DatabaseService } from './database.service.js';

/** Terminus indicator: up with the round trip in ms and the pool's numbers, down with the reason. */
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

  async isHealthy<Key extends string = 'database'>(key: Key = 'database' as Key): Promise<HealthIndicatorResult<Key>> {
    const session = this.#service.check(key);
    try {
      const latencyMs = Math.round((await this.#database.ping()) * 10) / 10;
      return session.up({ latencyMs, pool: this.#database.stats() });
    } catch (error) {
      return session.down({
        reason: error instanceof Error ? error.message : String(error),
        pool: this.#database.stats(),
      });
    }
  }
}
