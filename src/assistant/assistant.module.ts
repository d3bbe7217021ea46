import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import type { RemoteModel } from '../config.js';
import { LimitsModule } from '../limits/limits.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { Answerer } from './answerer.js';
import { AssistantController } from './assistant.controller.js';
import { AssistantService } from './assistant.service.js';
import { AssistantWarmUp } from './assistant.warm-up.js';
import { ExtractiveAnswerer } from './extractive-answerer.js';
import { ModelFailureFilter } from './model-failure.js';
import { RemoteAnswerer } from './remote-answerer.js';

@Module({
  imports: [LimitsModule, WorkspacesModule],
  controllers: [AssistantController],
  providers: [AssistantService, AssistantWarmUp, { provide: APP_FILTER, useClass: ModelFailureFilter }],
})
export class AssistantModule {
  /** @param model the model that answers; without one, sentences of the documents do */
  static with(model: RemoteModel | undefined): DynamicModule {
    const answerer = model === undefined ? new ExtractiveAnswerer() : new RemoteAnswerer(model);
    return { module: AssistantModule, providers: [{ provide: Answerer, useValue: answerer }] };
  }
}
