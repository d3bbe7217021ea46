import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiProduces,
  ApiTags,
  ApiExtraModels,
  getSchemaPath,
} from '@nestjs/swagger';
import { type ModelHit, ModelCacheService, type ModelStats, type Savings } from '@mobius1/cache';
import type { Request, Response } from 'express';
import { ErrorResponse } from '../http/error.response.js';
import { found } from '../http/found.js';
import { sendEvents, untilGone, wantsEvents } from '../http/server-sent-events.js';
import { WorkspacesService } from '../workspaces/workspaces.service.js';
import { type Answer, AnswerDto, QuestionDto, SavingsQueryDto } from './assistant.dto.js';
import { AssistantService } from './assistant.service.js';
import { explainModelFailure } from './model-failure.js';

@ApiTags('assistant')
@Controller('assistant')
export class AssistantController {
  constructor(
    private readonly assistant: AssistantService,
    private readonly workspaces: WorkspacesService,
    private readonly models: ModelCacheService,
  ) {}

  /**
   * Answers a question from the documents of a workspace, in one piece or, with `Accept: text/event-stream`, as events `sources`, `text`
   * and `end`. The second time the answer is there already: see `X-Cache`.
   */
  @Post('ask')
  @HttpCode(200)
  @ApiProduces('application/json', 'text/event-stream')
  @ApiExtraModels(AnswerDto)
  @ApiOkResponse({
    content: {
      'application/json': { schema: { $ref: getSchemaPath(AnswerDto) } },
      'text/event-stream': { schema: { type: 'string' } },
    },
  })
  @ApiBadRequestResponse({ type: ErrorResponse })
  @ApiNotFoundResponse({ type: ErrorResponse })
  async ask(
    @Body() { workspaceId, question }: QuestionDto,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Answer | undefined> {
    found(await this.workspaces.get(workspaceId), 'workspace', workspaceId);
    const gone = untilGone(response);
    if (wantsEvents(request)) {
      const stream = await this.assistant.stream(workspaceId, question, gone);
      tellCache(response, stream.hit);
      await sendEvents(response, stream, { gone, explain: explainModelFailure });
      return;
    }
    const answer = await this.assistant.ask(workspaceId, question, gone).catch((error: unknown) => {
      if (gone.aborted) return undefined; // nobody is there to be told
      throw error;
    });
    if (answer !== undefined) tellCache(response, answer.hit);
    return answer;
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

function tellCache(response: Response, hit: ModelHit): void {
  response.setHeader('X-Cache', hit === 'none' ? 'MISS' : hit === 'stale' ? 'STALE' : 'HIT');
}
