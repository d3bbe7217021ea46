import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiBadRequestResponse, ApiNotFoundResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ModelCacheService, type ModelStats, type Savings } from '@mobius1/cache';
import type { Response } from 'express';
import { ErrorResponse } from '../http/error.response.js';
import { found } from '../http/found.js';
import { WorkspacesService } from '../workspaces/workspaces.service.js';
import { type Answer, AnswerDto, QuestionDto, SavingsQueryDto } from './assistant.dto.js';
import { AssistantService } from './assistant.service.js';

@ApiTags('assistant')
@Controller('assistant')
export class AssistantController {
  constructor(
    private readonly assistant: AssistantService,
    private readonly workspaces: WorkspacesService,
    private readonly models: ModelCacheService,
  ) {}

  /** Answers a question from the documents of a workspace. The second time the answer is there already: see `X-Cache`. */
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
    const { output, hit } = await this.assistant.ask(workspaceId, question);
    response.setHeader('X-Cache', hit === 'none' ? 'MISS' : hit === 'stale' ? 'STALE' : 'HIT');
    return { answer: output.text, sources: output.sources, confidence: output.confidence, hit };
  }

  /** What the cache of answers did in this process, and what it saved in a workspace in the last 30 days, in all processes. */
  @Get('savings')
  @ApiBadRequestResponse({ type: ErrorResponse })
  @ApiNotFoundResponse({ type: ErrorResponse })
  async savings(@Query() { workspaceId }: SavingsQueryDto): Promise<ModelStats & { savings?: Savings }> {
    const stats = this.models.getStats();
    if (workspaceId === undefined) return stats;
    found(await this.workspaces.get(workspaceId), 'workspace', workspaceId);
    return { ...stats, savings: await this.models.getSavings({ workspaceId }) };
  }
}
