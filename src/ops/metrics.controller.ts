import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { CACHE_INSTANCE, type CacheInstance, SkipRateLimit } from '@mobius1/cache';
import { registerCacheMetrics } from '@mobius1/cache/prometheus';
import { Registry } from 'prom-client';

/** For Prometheus. A registry of our own: several applications may run in one process. */
@SkipRateLimit()
@ApiTags('ops')
@Controller('metrics')
export class MetricsController {
  readonly #registry = new Registry();

  constructor(@Inject(CACHE_INSTANCE) cache: CacheInstance) {
    registerCacheMetrics(this.#registry, cache);
  }

  @Get()
  @Header('Content-Type', Registry.PROMETHEUS_CONTENT_TYPE)
  @ApiProduces('text/plain')
  async metrics(): Promise<string> {
    return this.#registry.metrics();
  }
}
