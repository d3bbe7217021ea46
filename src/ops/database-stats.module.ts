import { Module } from '@nestjs/common';
import { DatabaseStatsController } from './database-stats.controller.js';

@Module({ controllers: [DatabaseStatsController] })
export class DatabaseStatsModule {}
