import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { CacheHealthIndicator, SkipRateLimit } from '@mobius1/cache';
import { DatabaseHealthIndicator } from '@mobius1/database';

/** For load balancers and orchestrators: 200 when requests can be served, with or without a cache, 503 when not. */
@SkipRateLimit()
@ApiTags('ops')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly database: DatabaseHealthIndicator,
    private readonly cache: CacheHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  async check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.database.isHealthy(), () => this.cache.isHealthy()]);
  }
}
