import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiBadRequestResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type LimitedRequest, RateLimitService } from '@mobius1/cache';
import { ErrorResponse } from '../http/error.response.js';
import { LimitsDto, LimitsQuery } from './limits.dto.js';
import { LimitsService } from './limits.service.js';

@ApiTags('ops')
@Controller('limits')
export class LimitsController {
  constructor(
    private readonly limits: LimitsService,
    private readonly decided: RateLimitService,
  ) {}

  /** How the limits stand for whoever asks. */
  @Get()
  @ApiHeader({ name: 'X-User-Id', required: false, description: 'Who asks.' })
  @ApiOkResponse({ type: LimitsDto })
  @ApiBadRequestResponse({ type: ErrorResponse })
  async standing(@Req() request: object, @Query() { workspaceId }: LimitsQuery): Promise<LimitsDto> {
    const results = await this.limits.standing(request as LimitedRequest & { ip?: string }, workspaceId);
    return new LimitsDto(results, this.decided.getStats());
  }
}
