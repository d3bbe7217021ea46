import { Module } from '@nestjs/common';
import { TemplatesController } from './templates.controller.js';
import { TemplatesService } from './templates.service.js';
import { TemplatesWarmUp } from './templates.warm-up.js';

@Module({
  controllers: [TemplatesController],
  providers: [TemplatesService, TemplatesWarmUp],
  exports: [TemplatesService],
})
export class TemplatesModule {}
