import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { CacheInstance } from '../instance/cache-instance.js';
import { hasModelMethods } from './decorators/cache-model.js';
import { ModelCacheService } from './services.js';
import { CACHE_INSTANCE } from './tokens.js';

/**
 * Looks once, at boot, whether the application asks models: some class has `@CacheModel`, or wants a `ModelCacheService`. Then a missing
 * secret is warned of now, and not with the first question.
 */
@Injectable()
export class ModelExplorer implements OnModuleInit {
  readonly #discovery: DiscoveryService;
  readonly #instance: CacheInstance;

  constructor(@Inject(DiscoveryService) discovery: DiscoveryService, @Inject(CACHE_INSTANCE) instance: CacheInstance) {
    this.#discovery = discovery;
    this.#instance = instance;
  }

  onModuleInit(): void {
    const wrappers = [...this.#discovery.getProviders(), ...this.#discovery.getControllers()];
    // To configure nothing is to say that models are used.
    if (wrappers.some(({ metatype }) => asksModels(metatype))) this.#instance.models.configure({});
  }
}

function asksModels(type: unknown): boolean {
  if (typeof type !== 'function') return false;
  const wanted = (Reflect.getMetadata('design:paramtypes', type) ?? []) as readonly unknown[];
  return wanted.includes(ModelCacheService) || hasModelMethods(type);
}
