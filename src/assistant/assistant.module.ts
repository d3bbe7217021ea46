import { Module } from '@nestjs/common';
import { LimitsModule } from '../limits/limits.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { AssistantController } from './assistant.controller.js';
import { AssistantService } from './assistant.service.js';
import { AssistantWarmUp } from './assistant.warm-up.js';

@Module({
  imports: [LimitsModule, WorkspacesModule],
  controllers: [AssistantController],
  providers: [AssistantService, AssistantWarmUp],
})
export class AssistantModule {}
