import { Injectable } from '@nestjs/common';
import { type ModelAnswer, ModelCacheService } from '@mobius1/cache';
import { PrismaService } from '../database/prisma.service.js';
import { answerFrom, EXTRACTIVE_MODEL, type ExtractedAnswer, tokensOf } from './extractive-answerer.js';

/** Answers questions on the documents of a workspace; `DocumentsService` makes the answers void when documents come. */
@Injectable()
export class AssistantService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly models: ModelCacheService,
  ) {}

  async ask(workspaceId: string, question: string): Promise<ModelAnswer<ExtractedAnswer>> {
    const request = {
      modelId: EXTRACTIVE_MODEL,
      input: question,
      workspaceId,
      describe: ({ confidence, text }: ExtractedAnswer) => ({
        confidence,
        finishReason: 'stop',
        tokens: tokensOf(question) + tokensOf(text),
      }),
    };
    return this.models.wrap(request, async () => {
      const select = { id: true, title: true, content: true } as const;
      const documents = await this.prisma.document.findMany({ where: { workspaceId }, select, orderBy: { id: 'asc' } });
      return answerFrom(question, documents);
    });
  }
}
