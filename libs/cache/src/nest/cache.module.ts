import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  type FactoryProvider,
  Module,
  type Provider,
} from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { DiscoveryModule } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { atBoot, OptionCheck, UNIT_OF_WORK, type UnitOfWork } from '@mobius1/kernel';
import type { FeatureOptions } from '../features/manager/manager-options.js';
import { CacheInstance } from '../instance/cache-instance.js';
import type { CacheOptions } from '../instance/cache-options.js';
import { CacheLifecycle } from './cache-lifecycle.js';
import { Binding } from './decorators/binding.js';
import { CacheHealthIndicator, RedisHealthIndicator } from './health.js';
import { mergeEnvironment, readEnvironment } from './environment.js';
import { MethodExplorer } from './method-explorer.js';
import { ModelExplorer } from './model-explorer.js';
import {
  CacheManagerService,
  ModelCacheService,
  QueryCacheService,
  RateLimitService,
  RedisService,
} from './services.js';
import { RateLimitExplorer } from './rate-limit/rate-limit-explorer.js';
import { RateLimitKeys } from './rate-limit/rate-limit-keys.js';
import { engineOptions, guardSettings, type RateLimitModuleOptions } from './rate-limit/rate-limit-module-options.js';
import { RouteLimits } from './rate-limit/route-limits.js';
import { RateLimitThrottlerStorage } from './rate-limit/throttler-storage.js';
import { CACHE_BINDING, CACHE_INSTANCE, CACHE_OPTIONS, ROUTE_LIMITS } from './tokens.js';

/** Options of `CacheModule`: those of the cache, and of what Nest adds to it. */
export interface CacheModuleOptions extends Omit<CacheOptions, 'rateLimit'> {
  /** What is the same for all rate limits, and what `RateLimitGuard` does on all routes. */
  readonly rateLimit?: RateLimitModuleOptions;
}

/** For `forRootAsync({ useClass })` and `useExisting`. */
export interface CacheOptionsFactory {
  /** Called once, at boot. */
  createCacheOptions(): CacheModuleOptions | Promise<CacheModuleOptions>;
}

const configurable = new ConfigurableModuleBuilder<CacheModuleOptions>({
  optionsInjectionToken: CACHE_OPTIONS,
})
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createCacheOptions')
  .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

const instance: FactoryProvider<CacheInstance> = {
  provide: CACHE_INSTANCE,
  inject: [CACHE_OPTIONS, ConfigService, { token: UNIT_OF_WORK, optional: true }],
  useFactory: (options: CacheModuleOptions, config: ConfigService, unitOfWork?: UnitOfWork) =>
    atBoot(() => {
      checkMade(options);
      const environment = readEnvironment((name) => config.get<unknown>(name) ?? process.env[name]);
      const rateLimit = engineOptions(options.rateLimit);
      return new CacheInstance({ unitOfWork, ...mergeEnvironment({ ...options, rateLimit }, environment) });
    }),
};

/** What `forRootAsync` was given made nothing: most likely a part of the configuration that is not there. */
function checkMade(options: CacheModuleOptions | null | undefined): void {
  const check = new OptionCheck('CacheModule.forRootAsync');
  check.required('options', options ?? undefined, 'an object, {} for the defaults');
  check.throwIfAny();
}

const routeLimits: FactoryProvider<RouteLimits> = {
  provide: ROUTE_LIMITS,
  inject: [CACHE_INSTANCE, CACHE_OPTIONS],
  useFactory: (cache: CacheInstance, { rateLimit }: CacheModuleOptions) =>
    new RouteLimits(cache, guardSettings(rateLimit)),
};

const rootBinding: FactoryProvider<Binding> = {
  provide: CACHE_BINDING,
  inject: [CACHE_INSTANCE],
  useFactory: (cache: CacheInstance) => new Binding(cache),
};

const services: Provider[] = [
  RedisService,
  CacheManagerService,
  // Those of the instance, which decorators use as well.
  { provide: QueryCacheService, inject: [CACHE_INSTANCE], useFactory: ({ queries }: CacheInstance) => queries },
  { provide: ModelCacheService, inject: [CACHE_INSTANCE], useFactory: ({ models }: CacheInstance) => models },
  { provide: RateLimitService, inject: [CACHE_INSTANCE], useFactory: ({ limits }: CacheInstance) => limits },
  RateLimitKeys,
  RateLimitThrottlerStorage,
  CacheHealthIndicator,
  RedisHealthIndicator,
];

/**
 * The cache of an application.
 *
 * @example
 * ```ts
 * @Module({ imports: [CacheModule.forRoot({ redis: { host: 'localhost' }, defaultTtl: '5m' })] })
 * export class AppModule {}
 * ```
 */
@Module({
  imports: [ConfigModule, DiscoveryModule, TerminusModule],
  providers: [
    instance,
    rootBinding,
    routeLimits,
    CacheLifecycle,
    MethodExplorer,
    ModelExplorer,
    RateLimitExplorer,
    ...services,
  ],
  exports: [CACHE_INSTANCE, CACHE_BINDING, ROUTE_LIMITS, ...services],
})
export class CacheModule extends configurable.ConfigurableModuleClass {
  /**
   * Registers the cache, by default for all modules. What the options leave open is read from the environment
   * (`REDIS_HOST`, `CACHE_DEFAULT_TTL`, …), and what that leaves open has a default.
   *
   * @throws InvalidOptionsError at boot, listing every wrong option or variable
   */
  static override forRoot(options: typeof configurable.OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(options);
  }

  /** The same with options that are made by a factory (`useFactory`, `useClass`, `useExisting`). */
  static override forRootAsync(options: typeof configurable.ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** Gives the importing module a `CacheManagerService` and decorators with a namespace, TTL and tags of its own. */
  static forFeature(feature: FeatureOptions): DynamicModule {
    return {
      module: CacheFeatureModule,
      providers: [
        {
          provide: CacheManagerService,
          inject: [CACHE_INSTANCE],
          useFactory: (cache: CacheInstance) => atBoot(() => new CacheManagerService(cache, feature)),
        },
        {
          provide: CACHE_BINDING,
          inject: [CACHE_INSTANCE],
          useFactory: (cache: CacheInstance) => atBoot(() => new Binding(cache, feature)),
        },
      ],
      exports: [CacheManagerService, CACHE_BINDING],
    };
  }
}

/** Made by `CacheModule.forFeature`. */
@Module({})
class CacheFeatureModule {}
