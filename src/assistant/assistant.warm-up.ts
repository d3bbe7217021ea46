import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { PrismaService } from '../database/prisma.service.js';
import { AssistantService } from './assistant.service.js';

const COMMON_QUESTIONS = ['¿Qué es el NIE?', '¿Cómo solicitar el TIE?'];

/** Has the answers to what everybody asks before anybody does. */
@Injectable()
export class AssistantWarmUp implements OnApplicationBootstrap {
  constructor(
    private readonly assistant: AssistantService,
    private readonly prisma: PrismaService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const workspaces = await this.prisma.workspace.findMany({ select: { id: true } });
    const asked = workspaces.flatMap(({ id }) => COMMON_QUESTIONS.map((question) => this.assistant.ask(id, question)));
    const { length } = await Promise.all(asked);
    new Logger('Cache').log(`warmed up with ${length} answers to common questions`);
  }
}
