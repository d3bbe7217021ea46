import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { CacheDecoratorError } from '../core/errors.js';
import type { CacheInstance } from '../instance/cache-instance.js';
import { bind, Binding, BINDING_PROPERTY, isBound } from './decorators/binding.js';
import { defaultKeyedMethods } from './decorators/decorate.js';
import { CACHE_BINDING, CACHE_INSTANCE } from './tokens.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * Looks once, at boot, at everything Nest has made: binds the objects that Nest did not construct itself (`useFactory`),
 * and finds two classes of one name whose cached methods would share their keys.
 */
@Injectable()
export class MethodExplorer implements OnModuleInit, OnApplicationShutdown {
  readonly #discovery: DiscoveryService;
  readonly #instance: CacheInstance;
  readonly #root: Binding;
  readonly #bindings = new Set<Binding>();

  constructor(
    @Inject(DiscoveryService) discovery: DiscoveryService,
    @Inject(CACHE_INSTANCE) instance: CacheInstance,
    @Inject(CACHE_BINDING) root: Binding,
  ) {
    this.#discovery = discovery;
    this.#instance = instance;
    this.#root = root;
  }

  onModuleInit(): void {
    const owners = new Map<string, object>();
    for (const wrapper of [...this.#discovery.getProviders(), ...this.#discovery.getControllers()]) {
      if (wrapper.instance instanceof Binding && wrapper.instance.belongsTo(this.#instance)) {
        this.#bindings.add(wrapper.instance);
      }
      const prototype = prototypeOf(wrapper);
      if (prototype === undefined || !(BINDING_PROPERTY in prototype)) continue;
      this.#refuseSharedKeys(prototype, owners);
      const object: unknown = wrapper.isDependencyTreeStatic() ? wrapper.instance : undefined;
      if (typeof object === 'object' && object !== null && !isBound(object)) bind(object, this.#bindingFor(wrapper));
    }
  }

  onApplicationShutdown(): void {
    for (const binding of this.#bindings) binding.end();
  }

  #refuseSharedKeys(prototype: object, owners: Map<string, object>): void {
    const { name } = prototype.constructor;
    for (let level = prototype; level !== Object.prototype; level = Object.getPrototypeOf(level) as object) {
      for (const method of defaultKeyedMethods(level)) {
        const owner = `${name}.${method}`;
        const other = owners.get(owner) ?? prototype;
        owners.set(owner, other);
        if (other === prototype) continue;
        throw new CacheDecoratorError(
          `@Cacheable on ${owner}: two classes are named ${name}, and both cache ${method}() by class, method and arguments, so they would share entries. Rename one, or give each a key.`,
        );
      }
    }
  }

  /** The binding that the module of a provider sees: that of an imported feature, else that of the application. */
  #bindingFor({ host }: Wrapper): Binding {
    for (const imported of host?.imports ?? []) {
      const found: unknown = imported.exports.has(CACHE_BINDING) && imported.providers.get(CACHE_BINDING)?.instance;
      if (found instanceof Binding && found !== this.#root) return found;
    }
    return this.#root;
  }
}

/** The prototype of what a provider is or will be, request-scoped classes included. */
function prototypeOf({ instance, metatype, inject }: Wrapper): object | undefined {
  const object: unknown = instance;
  if (typeof object === 'object' && object !== null) return Object.getPrototypeOf(object) as object;
  const type: unknown = inject === undefined || inject === null ? metatype : undefined;
  return typeof type === 'function' ? ((type as { prototype?: object }).prototype ?? undefined) : undefined;
}
