import { CacheManager } from '../../features/manager/cache-manager.js';
import type { FeatureOptions } from '../../features/manager/manager-options.js';
import type { CacheInstance } from '../../instance/cache-instance.js';

/** Says of an object that it is a binding, be it of the other copy of this library, and not what a test has mocked. */
const BRAND = Symbol.for('@mobius1/cache binding');

/** What decorated methods of one module use. */
export class Binding {
  readonly [BRAND] = true;
  readonly manager: CacheManager;
  readonly instance: CacheInstance;

  constructor(instance: CacheInstance, feature: FeatureOptions = {}) {
    this.instance = instance;
    this.manager = new CacheManager(instance.engine, feature);
  }

  /** Key of a call by class, method and arguments. */
  keyOf(owner: string, args: readonly unknown[]): string {
    return this.instance.argumentKeys.keyOf(owner, args);
  }
}

const isBinding = (value: unknown): value is Binding =>
  typeof value === 'object' && value !== null && (value as { readonly [BRAND]?: unknown })[BRAND] === true;

/**
 * Which cache the methods of an object use. Two applications in one process have two caches, and their objects may be of
 * one class: so it is the object that is bound, never the class. Nest binds what it constructs by property injection (see
 * `BINDING_PROPERTY`), whatever the scope; what a `useFactory` returns is bound by the MethodExplorer at boot. Both end up
 * in this map, so that nothing is seen on the object itself.
 */
const bound = new WeakMap<object, Binding>();

/** The applications that run, each with its binding outside of its features. */
const running = new Map<CacheInstance, Binding>();

/** An application begins; `root` is its binding outside of its features. */
export function begin(root: Binding): void {
  running.set(root.instance, root);
}

/** An application ends: its cache is for none but the objects that it bound. */
export function end({ instance }: Binding): void {
  running.delete(instance);
}

/** The property that decorated classes ask Nest to inject. */
export const BINDING_PROPERTY = Symbol('cache binding');

export function bind(target: object, binding: Binding): void {
  bound.set(target, binding);
}

/** Whether an object has a cache; one whose application has ended, such as a constant of a module, is free for the next. */
export function isBound(target: object): boolean {
  const binding = bound.get(target);
  return binding !== undefined && running.has(binding.instance);
}

/**
 * The cache of an object; `undefined` outside of Nest (then methods run as if they were not decorated). An object that
 * nobody bound, such as a request-scoped one from a `useFactory`, uses the one application there is, if it is only one.
 */
export function bindingOf(target: object): Binding | undefined {
  // A method that was taken off its object has no `this`, whatever the type says.
  if (!(target as object | null | undefined)) return undefined;
  const binding = bound.get(target);
  if (binding !== undefined) return binding;
  return running.size === 1 ? [...running.values()][0] : undefined;
}

/** Makes instances of a decorated class accept their binding without showing it. */
export function acceptBinding(prototype: object): void {
  if (Object.hasOwn(prototype, BINDING_PROPERTY)) return;
  Object.defineProperty(prototype, BINDING_PROPERTY, {
    configurable: true,
    enumerable: false,
    get(this: object) {
      return bound.get(this);
    },
    set(this: object, binding: unknown) {
      if (isBinding(binding)) bound.set(this, binding);
    },
  });
}
