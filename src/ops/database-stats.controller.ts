import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { DatabaseService, type PoolStats, type SlowQuery } from '@mobius1/database';
import { PoolStatsDto, SlowQueryDto } from './database-stats.dto.js';

/** As many as anybody reads at once. */
const MOST_SHAPES = 20;

@ApiTags('ops')
@Controller('database')
export class DatabaseStatsController {
  constructor(private readonly database: DatabaseService) {}

  @Get('pool')
  @ApiOkResponse({ type: PoolStatsDto })
  pool(): PoolStats {
    return this.database.stats();
  }

  /** The statements that cost most of all that took longer than `DB_SLOW_QUERY_THRESHOLD`, without any value in them. */
  @Get('slow-queries')
  @ApiOkResponse({ type: [SlowQueryDto] })
  slowQueries(): SlowQuery[] {
    return this.database.slowQueries(MOST_SHAPES);
  }
}
