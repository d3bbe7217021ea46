import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** PostgreSQL walks over every row before the page: no reader turns this many. */
const LAST_PAGE = 100_000;

/** `?page=2&pageSize=20`. Decorators run from the last to the first, and the first problem is the one reported. */
export class PageQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: LAST_PAGE, default: 1 })
  @Type(() => Number)
  @Max(LAST_PAGE)
  @Min(1)
  @IsInt()
  readonly page: number = 1;

  @ApiPropertyOptional({ minimum: 1, maximum: 100, default: 20 })
  @Type(() => Number)
  @Max(100)
  @Min(1)
  @IsInt()
  readonly pageSize: number = 20;
}

/** One page of a longer list. */
export interface Page<T> {
  readonly items: T[];
  readonly page: number;
  readonly pageSize: number;
  /** Items on all pages. */
  readonly total: number;
  /** How many pages there are: 0 when there are no items. */
  readonly pages: number;
}
