import { Injectable } from '@nestjs/common';
import { ModelCacheService, type ModelStream } from '@mobius1/cache';
import { PrismaService } from '../database/prisma.service.js';
import { Answerer, type AnswerPart } from './answerer.js';
import type { Answer } from './assistant.dto.js';
import { PassingAnswer } from './passing-answer.js';

/** Answers questions on the documents of a workspace; `DocumentsService` makes the answers void when documents come. */
@Injectable()
export class AssistantService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly models: ModelCacheService,
    private readonly answerer: Answerer,
  ) {}

  /** The model that answers. */
  get modelId(): string {
    return this.answerer.modelId;
  }

  /** Whether an answer has not to be waited for. */
  get instant(): boolean {
    return this.answerer.instant;
  }

  /** The answer in parts, one inference for all who ask the same at the same time. */
  async stream(workspaceId: string, question: string, signal?: AbortSignal): Promise<ModelStream<AnswerPart>> {
    const { modelId, params } = this.answerer;
    const request = {
      ...{ modelId, params, workspaceId, input: question, ...(signal && { signal }) },
      describe: (parts: readonly AnswerPart[]) => {
        const last = parts.at(-1);
        return last?.type === 'end' ? last.metadata : { finishReason: 'unknown' };
      },
    };
    const select = { id: true, title: true, content: true } as const;
    return this.models.stream(request, async (stop) => {
      const documents = await this.prisma.document.findMany({ where: { workspaceId }, select, orderBy: { id: 'asc' } });
      return this.answerer.answer(question, documents, stop);
    });
  }

  /** The answer in one piece. */
  async ask(workspaceId: string, question: string): Promise<Answer> {
    const stream = await this.stream(workspaceId, question);
    return new PassingAnswer(stream.hit).whole(stream);
  }
}
