import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ROUTE_LIMITS } from '../tokens.js';
import { declaredRules } from './rate-limit.decorator.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import type { RouteLimits } from './route-limits.js';

type Class = Parameters<RouteLimits['book']['register']>[0];
type Handler = Parameters<RouteLimits['book']['rulesFor']>[1];

/** Where `@UseGuards` keeps its guards; Nest does not export the name. */
const GUARDS = '__guards__';
const MOST_NAMED = 5;

/**
 * Looks once, at boot, at everything that declares limits: tells classes of one name apart, and finds rules that nothing completes, or that
 * no guard holds, before the first request does.
 */
@Injectable()
export class RateLimitExplorer implements OnModuleInit {
  readonly #log = new Logger('RateLimit');
  readonly #discovery: DiscoveryService;
  readonly #limits: RouteLimits;

  constructor(@Inject(DiscoveryService) discovery: DiscoveryService, @Inject(ROUTE_LIMITS) limits: RouteLimits) {
    this.#discovery = discovery;
    this.#limits = limits;
  }

  /** @throws InvalidOptionsError for a handler whose rules do not make limits */
  onModuleInit(): void {
    const { book } = this.#limits;
    const unguarded = new Set<string>();
    const providers = this.#discovery.getProviders();
    for (const { metatype } of [...this.#discovery.getControllers(), ...providers]) {
      const type: unknown = metatype;
      if (typeof type !== 'function') continue;
      book.register(type as Class);
      for (const handler of limitedHandlers(type as Class)) {
        book.rulesFor(type as Class, handler);
        if (![type, handler].some(isGuarded)) unguarded.add(book.ownerOf(type as Class, handler));
      }
    }
    // One that is a provider may guard everything: as APP_GUARD, by useGlobalGuards, or from inside another guard.
    if (!providers.some(({ instance }) => (instance as unknown) instanceof RateLimitGuard)) this.#warn([...unguarded]);
  }

  /** A limit that nobody holds looks like one, and is none. */
  #warn(owners: readonly string[]): void {
    if (owners.length === 0) return;
    const more = owners.length > MOST_NAMED ? ` and ${owners.length - MOST_NAMED} more` : '';
    this.#log.warn(
      `@RateLimit does nothing on ${owners.slice(0, MOST_NAMED).join(', ')}${more}: no RateLimitGuard guards them. Provide it as APP_GUARD, or use @UseGuards(RateLimitGuard).`,
    );
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

function isGuarded(target: object): boolean {
  const guards = (Reflect.getMetadata(GUARDS, target) as readonly unknown[] | undefined) ?? [];
  return guards.some((guard) => {
    const prototype: unknown = typeof guard === 'function' ? guard.prototype : guard;
    return prototype === RateLimitGuard.prototype || prototype instanceof RateLimitGuard;
  });
}
