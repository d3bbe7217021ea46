import { Body, Controller, Get, HttpCode, Post, Res } from '@nestjs/common';
import { ApiBadRequestResponse, ApiNotFoundResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ModelCacheService, type ModelStats } from '@mobius1/cache';
import type { Response } from 'express';
import { ErrorResponse } from '../http/error.response.js';
import { found } from '../http/found.js';
import { LimitedByUser } from '../limits/limited.decorator.js';
import { QUESTIONS } from '../limits/limits.js';
import { LimitsService } from '../limits/limits.service.js';
import { WorkspacesService } from '../workspaces/workspaces.service.js';
import { type Answer, AnswerDto, QuestionDto } from './assistant.dto.js';
import { AssistantService } from './assistant.service.js';
import { EXTRACTIVE_MODEL } from './extractive-answerer.js';

@ApiTags('assistant')
@Controller('assistant')
export class AssistantController {
  constructor(
    private readonly assistant: AssistantService,
    private readonly workspaces: WorkspacesService,
    private readonly models: ModelCacheService,
    private readonly limits: LimitsService,
  ) {}

  /** Answers a question from the documents of a workspace. The second time the answer is there already: see `X-Cache`. */
  @LimitedByUser(QUESTIONS)
  @Post('ask')
  @HttpCode(200)
  @ApiOkResponse({ type: AnswerDto })
  @ApiBadRequestResponse({ type: ErrorResponse })
  @ApiNotFoundResponse({ type: ErrorResponse })
  async ask(
    @Body() { workspaceId, question }: QuestionDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Answer> {
    found(await this.workspaces.get(workspaceId), 'workspace', workspaceId);
    const spending = { workspaceId, modelId: EXTRACTIVE_MODEL, response };
    const { output, hit } = await this.limits.spend(spending, () => this.assistant.ask(workspaceId, question));
    response.setHeader('X-Cache', hit === 'none' ? 'MISS' : hit === 'stale' ? 'STALE' : 'HIT');
    return { answer: output.text, sources: output.sources, confidence: output.confidence, hit };
  }

  /** What the cache of answers did and saved in this process. */
  @Get('savings')
  savings(): ModelStats {
    return this.models.getStats();
  }
}
