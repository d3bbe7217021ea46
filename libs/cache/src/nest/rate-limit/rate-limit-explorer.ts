import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ROUTE_LIMITS } from '../tokens.js';
import { declaredRules } from './rate-limit.decorator.js';
import type { RouteLimits } from './route-limits.js';

type Class = Parameters<RouteLimits['book']['register']>[0];
type Handler = Parameters<RouteLimits['book']['rulesFor']>[1];

/**
 * Looks once, at boot, at everything that declares limits: tells classes of one name apart, and finds rules that nothing completes before
 * the first request does.
 */
@Injectable()
export class RateLimitExplorer implements OnModuleInit {
  readonly #discovery: DiscoveryService;
  readonly #limits: RouteLimits;

  constructor(@Inject(DiscoveryService) discovery: DiscoveryService, @Inject(ROUTE_LIMITS) limits: RouteLimits) {
    this.#discovery = discovery;
    this.#limits = limits;
  }

  /** @throws InvalidOptionsError for a handler whose rules do not make limits */
  onModuleInit(): void {
    const { book } = this.#limits;
    for (const { metatype } of [...this.#discovery.getControllers(), ...this.#discovery.getProviders()]) {
      const type: unknown = metatype;
      if (typeof type !== 'function') continue;
      const handlers = limitedHandlers(type as Class);
      book.register(type as Class);
      for (const handler of handlers) book.rulesFor(type as Class, handler);
    }
  }
}

/** The methods that declare a limit themselves, or all if their class does. */
function limitedHandlers(type: Class): Handler[] {
  const prototype = (type as { prototype?: object | null }).prototype ?? null;
  if (prototype === null) return [];
  const all = new MetadataScanner().getAllMethodNames(prototype).map((name) => Reflect.get(prototype, name) as Handler);
  return declaresRules(type) ? all : all.filter(declaresRules);
}

const declaresRules = (target: object): boolean => declaredRules(target).rules.length > 0;
