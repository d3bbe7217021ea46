import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { CacheKeys, CacheManagerService, DefaultTTL } from '@mobius1/cache';
import { TemplatesService } from './templates.service.js';

/** Has the templates that most documents begin with in the cache before anybody asks for them. */
@Injectable()
export class TemplatesWarmUp implements OnApplicationBootstrap {
  constructor(
    private readonly templates: TemplatesService,
    private readonly cache: CacheManagerService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const popular = await this.templates.popular();
    const entries = popular.map((value) => ({ key: CacheKeys.template(value.id), value, ttl: DefaultTTL.long }));
    const { stored } = await this.cache.warmUp(entries);
    new Logger('Cache').log(`warmed up with ${stored} of ${entries.length} popular templates`);
  }
}
