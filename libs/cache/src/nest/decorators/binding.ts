import type { CacheEngine } from '../../core/engine.js';
import { CacheManager, type FeatureOptions } from '../../features/manager/cache-manager.js';
import type { CacheInstance } from '../../instance/cache-instance.js';

/** What decorated methods of one module use. */
export class Binding {
  readonly manager: CacheManager;
  readonly engine: CacheEngine;
  readonly #instance: CacheInstance;

  constructor(instance: CacheInstance, feature: FeatureOptions) {
    this.#instance = instance;
    this.engine = instance.engine;
    this.manager = new CacheManager(instance.engine, feature);
    alive.add(this);
  }

  /** Key of a call by class, method and arguments. */
  keyOf(owner: string, args: readonly unknown[]): string {
    return this.#instance.argumentKeys.keyOf(owner, args);
  }

  /** The application ends: its objects are not bound any more. */
  end(): void {
    alive.delete(this);
  }

  belongsTo(instance: CacheInstance): boolean {
    return this.#instance === instance;
  }

  get instance(): CacheInstance {
    return this.#instance;
  }
}

/**
 * Which cache the methods of an object use. Two applications in one process have two caches, and their objects may be of
 * one class: so it is the object that is bound, never the class. Nest binds what it constructs by property injection (see
 * `BINDING_PROPERTY`), whatever the scope; what a `useFactory` returns is bound by the MethodExplorer at boot. Both end up
 * in this map, so that nothing is seen on the object itself.
 */
const bound = new WeakMap<object, Binding>();
const alive = new Set<Binding>();

/** The property that decorated classes ask Nest to inject. */
export const BINDING_PROPERTY = Symbol('cache binding');

export function bind(target: object, binding: Binding): void {
  bound.set(target, binding);
}

export const isBound = (target: object): boolean => bound.has(target);

/**
 * The cache of an object; `undefined` outside of Nest (then methods run as if they were not decorated). An object that
 * nobody bound, such as a request-scoped one from a `useFactory`, uses the one application there is, if it is only one.
 */
export function bindingOf(target: object): Binding | undefined {
  const binding = bound.get(target);
  if (binding !== undefined) return binding;
  const instances = new Set([...alive].map(({ instance }) => instance));
  return instances.size === 1 ? [...alive][0] : undefined;
}

/** Makes instances of a decorated class accept their binding without showing it. */
export function acceptBinding(prototype: object): void {
  if (Object.prototype.hasOwnProperty.call(prototype, BINDING_PROPERTY)) return;
  Object.defineProperty(prototype, BINDING_PROPERTY, {
    configurable: true,
    enumerable: false,
    get(this: object) {
      return bound.get(this);
    },
    set(this: object, binding: Binding) {
      bound.set(this, binding);
    },
  });
}
