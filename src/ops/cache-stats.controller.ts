import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { CacheManagerService, type CacheStats } from '@mobius1/cache';
import { CacheStatsDto } from './cache-stats.dto.js';

@ApiTags('ops')
@Controller('cache')
export class CacheStatsController {
  constructor(private readonly cache: CacheManagerService) {}

  @Get('stats')
  @ApiOkResponse({ type: CacheStatsDto })
  async stats(): Promise<CacheStats> {
    return this.cache.getStats();
  }
}
