import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, RouterModule } from '@nestjs/core';
import { CacheModule, RateLimitGuard } from '@mobius1/cache';
import { DatabaseModule } from '@mobius1/database';
import { AssistantModule } from './assistant/assistant.module.js';
import type { AppConfig } from './config.js';
import { PrismaModule } from './database/prisma.module.js';
import { PrismaService } from './database/prisma.service.js';
import { DocumentsModule } from './documents/documents.module.js';
import { CacheHeaderInterceptor } from './http/cache-header.interceptor.js';
import { ConnectionDrain } from './http/connection-drain.js';
import { DatabaseErrorFilter } from './http/database-error.filter.js';
import { LimitNumbersModule } from './limits/limit-numbers.module.js';
import { DEFAULT_LIMITS, rateLimitOptions } from './limits/limits.js';
import { LimitsModule } from './limits/limits.module.js';
import { CacheStatsModule } from './ops/cache-stats.module.js';
import { DatabaseStatsModule } from './ops/database-stats.module.js';
import { OpsModule } from './ops/ops.module.js';
import { TemplatesModule } from './templates/templates.module.js';
import { UsersModule } from './users/users.module.js';
import { WorkspacesModule } from './workspaces/workspaces.module.js';

/** What is served under `/api/v1`. */
const API = [
  WorkspacesModule,
  DocumentsModule,
  TemplatesModule,
  UsersModule,
  AssistantModule,
  CacheStatsModule,
  DatabaseStatsModule,
  LimitsModule,
];

@Module({})
export class AppModule {
  static with(config: AppConfig): DynamicModule {
    const limits = { ...DEFAULT_LIMITS, ...config.limits };
    return {
      module: AppModule,
      imports: [
        DatabaseModule.forRoot({ url: config.databaseUrl, applicationName: 'mobius-api', prisma: PrismaService }),
        PrismaModule,
        CacheModule.forRoot({
          ...config.cache,
          rateLimit: { ...rateLimitOptions(limits), ...config.cache?.rateLimit },
        }),
        LimitNumbersModule.with(limits),
        ...API.filter((module) => module !== AssistantModule),
        AssistantModule.with(config.model),
        RouterModule.register([{ path: 'api/v1', children: API }]),
        OpsModule,
      ],
      providers: [
        ConnectionDrain,
        { provide: APP_GUARD, useClass: RateLimitGuard },
        { provide: APP_FILTER, useClass: DatabaseErrorFilter },
        { provide: APP_INTERCEPTOR, useClass: CacheHeaderInterceptor },
      ],
    };
  }
}
