import { Inject, Injectable, Optional } from '@nestjs/common';
import { CacheManager } from '../features/manager/cache-manager.js';
import type { FeatureOptions } from '../features/manager/manager-options.js';
import { ModelCache } from '../features/model/model-cache.js';
import { QueryCache } from '../features/query/query-cache.js';
import { RateLimits } from '../features/rate-limit/rate-limits.js';
import type { CacheInstance } from '../instance/cache-instance.js';
import { RedisHandle } from '../instance/redis-handle.js';
import { CACHE_INSTANCE } from './tokens.js';

const NO_FEATURE = Symbol('a feature is given by forFeature only');

/** The general cache, injectable. In a module that imports `CacheModule.forFeature` it has the feature's defaults. */
@Injectable()
export class CacheManagerService extends CacheManager {
  constructor(
    @Inject(CACHE_INSTANCE) instance: CacheInstance,
    @Optional() @Inject(NO_FEATURE) feature?: FeatureOptions,
  ) {
    super(instance.engine, feature);
  }
}

/** Queries of the database, injectable. */
@Injectable()
export class QueryCacheService extends QueryCache {}

/** Answers of AI models, injectable. */
@Injectable()
export class ModelCacheService extends ModelCache {}

/** Rate limits, injectable. */
@Injectable()
export class RateLimitService extends RateLimits {}

/** The connection to Redis, injectable. */
@Injectable()
export class RedisService extends RedisHandle {
  constructor(@Inject(CACHE_INSTANCE) instance: CacheInstance) {
    super(instance.connection);
  }
}
