import { ApiProperty } from '@nestjs/swagger';
import type { DurationSummary, PoolStats, SlowQuery } from '@mobius1/database';

export class DurationsDto implements DurationSummary {
  @ApiProperty()
  readonly count!: number;

  @ApiProperty({ description: 'Milliseconds, as all that follow.' })
  readonly mean!: number;

  @ApiProperty()
  readonly p50!: number;

  @ApiProperty()
  readonly p95!: number;

  @ApiProperty()
  readonly p99!: number;

  @ApiProperty()
  readonly max!: number;
}

/** The connections to PostgreSQL at this moment, and what came of them since the start of this process. */
export class PoolStatsDto implements PoolStats {
  @ApiProperty({ description: 'Most connections that will be open.' })
  readonly limit!: number;

  @ApiProperty({ description: 'Open connections.' })
  readonly size!: number;

  @ApiProperty({ description: 'Connections in use.' })
  readonly active!: number;

  @ApiProperty({ description: 'Connections that wait for work.' })
  readonly idle!: number;

  @ApiProperty({ description: 'Queries that wait for a connection.' })
  readonly waiting!: number;

  @ApiProperty({ description: 'Times that a connection was lent.' })
  readonly acquired!: number;

  @ApiProperty({ description: 'Queries that waited in vain, or were not let wait.' })
  readonly timeouts!: number;

  @ApiProperty({ description: 'Connections opened.' })
  readonly created!: number;

  @ApiProperty({ description: 'Connections closed.' })
  readonly closed!: number;

  @ApiProperty({ description: 'Connections that were in use for suspiciously long.' })
  readonly leaks!: number;

  @ApiProperty({ description: 'How long queries waited for a connection.' })
  readonly waitMs!: DurationsDto;

  @ApiProperty({ description: 'How long connections were in use.' })
  readonly useMs!: DurationsDto;
}

export class SlowQueryDto implements SlowQuery {
  @ApiProperty({ description: 'Names the shape of the statement.', example: '5ed1232a' })
  readonly fingerprint!: string;

  @ApiProperty({ example: 'SELECT * FROM "User" WHERE id = ?' })
  readonly statement!: string;

  @ApiProperty({ description: 'Slow runs.' })
  readonly count!: number;

  @ApiProperty({ description: 'Slow runs that failed.' })
  readonly failed!: number;

  @ApiProperty({ description: 'Milliseconds of all slow runs.' })
  readonly totalMs!: number;

  @ApiProperty({ description: 'How long slow runs took.' })
  readonly ms!: DurationsDto;

  @ApiProperty()
  readonly lastAt!: Date;
}
