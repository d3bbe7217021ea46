import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import type { RateLimitOutcome, RateLimitResult, RateLimitSource, RateLimitStats } from '@mobius1/cache';

export class LimitsQuery {
  @ApiPropertyOptional({ description: 'Whose tokens are shown, too.', example: 'ws-gestoria-sol' })
  @IsOptional()
  @Matches(/^[\w-]{1,64}$/, { message: 'workspaceId must be 1 to 64 letters, digits, hyphens or underscores' })
  readonly workspaceId?: string;
}

/** How one limit stands for whoever asks. */
export class LimitDto {
  @ApiProperty({ example: 'requests' })
  readonly name: string;

  @ApiProperty({ description: 'How it counts.', example: 'sliding-window' })
  readonly algorithm: string;

  @ApiProperty({ description: 'Units in a window.', example: 3000 })
  readonly limit: number;

  @ApiProperty({ description: 'Seconds.', example: 60 })
  readonly window: number;

  @ApiProperty({ description: 'Units that are left.', example: 2998 })
  readonly remaining: number;

  @ApiProperty({ description: 'Seconds until all of them are there again.', example: 58 })
  readonly reset: number;

  constructor({ policy, algorithm, limit, windowMs, remaining, resetMs }: RateLimitResult) {
    this.name = policy;
    this.algorithm = algorithm;
    this.limit = limit;
    this.window = windowMs / 1_000;
    this.remaining = remaining;
    this.reset = Math.ceil(resetMs / 1_000);
  }
}

/** How often requests were decided so, and by whom. */
export class DecisionCountDto {
  @ApiProperty({ enum: ['allowed', 'denied', 'reported'] })
  readonly outcome!: RateLimitOutcome;

  @ApiProperty({ description: 'Who decided: the store, or this process while the store is away.', example: 'redis' })
  readonly source!: RateLimitSource;

  @ApiProperty({ example: 42 })
  readonly count!: number;
}

export class LimitsDto {
  @ApiProperty({ type: [LimitDto] })
  readonly limits: readonly LimitDto[];

  @ApiProperty({ description: 'Decisions of this process since its start.', type: [DecisionCountDto] })
  readonly decisions: RateLimitStats['decisions'];

  constructor(results: readonly RateLimitResult[], { decisions }: RateLimitStats) {
    this.limits = results.map((result) => new LimitDto(result));
    this.decisions = decisions;
  }
}

/** The body of a request that is denied (RFC 9457). */
export class QuotaProblem {
  @ApiProperty({ example: 'https://iana.org/assignments/http-problem-types#quota-exceeded' })
  readonly type!: string;

  @ApiProperty({ example: 'Request cannot be satisfied as assigned quota has been exceeded' })
  readonly title!: string;

  @ApiProperty({ example: 429 })
  readonly status!: number;

  @ApiProperty({ example: 'Too many requests. Try again in 12 seconds.' })
  readonly detail!: string;

  @ApiProperty({ name: 'violated-policies', type: [String], example: ['writes'] })
  readonly violatedPolicies!: readonly string[];
}
