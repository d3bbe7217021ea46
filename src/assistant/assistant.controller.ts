import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiExtraModels,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiProduces,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { ModelCacheService, type ModelStats, type Savings } from '@mobius1/cache';
import type { Request, Response } from 'express';
import { ErrorResponse } from '../http/error.response.js';
import { found } from '../http/found.js';
import { sendEvents, untilGone, wantsEvents } from '../http/server-sent-events.js';
import { LimitedByUser } from '../limits/limited.decorator.js';
import { QUESTIONS } from '../limits/limits.js';
import { LimitsService } from '../limits/limits.service.js';
import { WorkspacesService } from '../workspaces/workspaces.service.js';
import { type Answer, AnswerDto, QuestionDto, SavingsQueryDto } from './assistant.dto.js';
import { AssistantService } from './assistant.service.js';
import { explainModelFailure } from './model-failure.js';
import { PassingAnswer } from './passing-answer.js';

@ApiTags('assistant')
@Controller('assistant')
export class AssistantController {
  constructor(
    private readonly assistant: AssistantService,
    private readonly workspaces: WorkspacesService,
    private readonly models: ModelCacheService,
    private readonly limits: LimitsService,
  ) {}

  /**
   * Answers a question from the documents of a workspace, in one piece or, with `Accept: text/event-stream`, as events `sources`, `text`
   * and `end`. The second time the answer is there already: see `X-Cache`.
   */
  @LimitedByUser(QUESTIONS)
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
    const spending = { workspaceId, modelId: this.assistant.modelId, response };
    const { answer } = await this.limits.spend(spending, async () => {
      const stream = await this.assistant.stream(workspaceId, question, gone);
      response.setHeader('X-Cache', stream.hit === 'none' ? 'MISS' : stream.hit === 'stale' ? 'STALE' : 'HIT');
      const passing = new PassingAnswer(stream.hit);
      let answer: Answer | undefined;
      if (wantsEvents(request))
        await sendEvents(response, passing.through(stream), { gone, explain: explainModelFailure });
      else answer = await unlessGone(passing.whole(stream), gone);
      return { answer, hit: stream.hit, metadata: passing.metadata };
    });
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

/** Nobody is there to be told what went wrong. */
async function unlessGone<T>(answer: Promise<T>, gone: AbortSignal): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (gone.aborted) return undefined;
    throw error;
  }
}
