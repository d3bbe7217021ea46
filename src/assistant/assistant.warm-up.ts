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

  /** The start waits only for answers that are there at once, and fails for none. */
  async onApplicationBootstrap(): Promise<void> {
    const warm = this.#warmUp();
    if (this.assistant.instant) await warm;
  }

  async #warmUp(): Promise<void> {
    const logger = new Logger('Cache');
    try {
      const workspaces = await this.prisma.workspace.findMany({ select: { id: true } });
      const asked = workspaces.flatMap(({ id }) =>
        COMMON_QUESTIONS.map((question) => this.assistant.ask(id, question)),
      );
      const answers = await Promise.allSettled(asked);
      const warm = answers.filter(({ status }) => status === 'fulfilled').length;
      logger.log(`warmed up with ${warm} answers to common questions`);
      if (warm < answers.length) logger.warn(`${answers.length - warm} answers are missing: the model failed`);
    } catch (error) {
      logger.warn(`no warm-up: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
