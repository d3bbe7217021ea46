import { Module } from '@nestjs/common';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { AssistantController } from './assistant.controller.js';
import { AssistantService } from './assistant.service.js';
import { AssistantWarmUp } from './assistant.warm-up.js';

@Module({
  imports: [WorkspacesModule],
  controllers: [AssistantController],
  providers: [AssistantService, AssistantWarmUp],
})
export class AssistantModule {}
