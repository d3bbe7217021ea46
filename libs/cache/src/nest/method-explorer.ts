import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { atBoot, OptionCheck } from '@mobius1/kernel';
import { CacheDecoratorError } from '../core/errors.js';
import { begin, bind, Binding, BINDING_PROPERTY, end, isBound } from './decorators/binding.js';
import { defaultKeyedMethods } from './decorators/decorate.js';
import { CACHE_BINDING } from './tokens.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];
type NestModule = NonNullable<Wrapper['host']>;

/**
 * Looks once, at boot, at everything Nest has made: binds the objects that Nest did not construct itself (`useFactory`),
 * and refuses what would go wrong silently: two classes of one name whose cached methods would share their keys, a feature that
 * nobody would see, and a second cache for everybody.
 */
@Injectable()
export class MethodExplorer implements OnModuleInit, OnApplicationShutdown {
  readonly #discovery: DiscoveryService;
  readonly #root: Binding;

  constructor(@Inject(DiscoveryService) discovery: DiscoveryService, @Inject(CACHE_BINDING) root: Binding) {
    this.#discovery = discovery;
    this.#root = root;
  }

  onModuleInit(): void {
    const wrappers = [...this.#discovery.getProviders(), ...this.#discovery.getControllers()];
    const decorated = wrappers.filter((wrapper) => BINDING_PROPERTY in prototypeOf(wrapper));
    const modules = new Set(wrappers.flatMap(({ host }) => host ?? []));
    this.#refuseSecondCache(modules);
    for (const module of modules) this.#refuseHiddenFeature(module);
    refuseSharedKeys(decorated.map(prototypeOf));
    begin(this.#root);
    for (const wrapper of decorated) {
      // An alias (`useExisting`) stands in another module than what it names.
      const object: unknown = wrapper.isDependencyTreeStatic() && !wrapper.isAlias ? wrapper.instance : undefined;
      if (typeof object === 'object' && object !== null && !isBound(object)) bind(object, this.#bindingFor(wrapper));
    }
  }

  onApplicationShutdown(): void {
    end(this.#root);
  }

  /** With two global caches it is chance which one an object has, and what one invalidates the other serves. */
  #refuseSecondCache(modules: Iterable<NestModule>): void {
    const roots = [...modules].filter(({ isGlobal, providers }) => {
      const own: unknown = isGlobal && providers.get(CACHE_BINDING)?.instance;
      return own instanceof Binding;
    });
    if (roots.length < 2) return;
    const check = new OptionCheck('CacheModule');
    const use =
      'it is global: import it in the root module only; forFeature() is for the others, isGlobal: false for a cache apart';
    check.problem('forRoot()', 'once in an application', `${roots.length} times`, use);
    atBoot(() => check.throwIfAny());
  }

  /** A feature that is imported behind the cache itself would not be seen, and `clear()` would clear everything. */
  #refuseHiddenFeature(module: NestModule): void {
    const [first, ...others] = bindingsIn(module.imports);
    if (first !== this.#root || !others.some(({ instance }) => instance === this.#root.instance)) return;
    const check = new OptionCheck(`${module.name}, imports`);
    const order = 'CacheModule.forFeature() before CacheModule.forRoot()';
    check.problem('order', order, 'forRoot() first', 'Nest injects what it finds first, which is not the feature');
    atBoot(() => check.throwIfAny());
  }

  /** The binding that the module of a provider sees: that of an imported feature, else that of the application. */
  #bindingFor({ host }: Wrapper): Binding {
    const [first = this.#root] = bindingsIn(host?.imports ?? []);
    return first;
  }
}

function refuseSharedKeys(prototypes: readonly object[]): void {
  const owners = new Map<string, object>();
  for (const prototype of prototypes) {
    const { name } = prototype.constructor;
    for (let level: object | null = prototype; level !== null; level = parentOf(level)) {
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
}

/** The bindings that a module sees, first what Nest injects: those of its imports, and of what these export again. */
function* bindingsIn(modules: Iterable<NestModule>, seen = new Set<NestModule>()): Generator<Binding, void> {
  for (const module of modules) {
    if (seen.has(module)) continue;
    seen.add(module);
    const own: unknown = module.exports.has(CACHE_BINDING) && module.providers.get(CACHE_BINDING)?.instance;
    if (own instanceof Binding) yield own;
    else yield* bindingsIn(exportedAgain(module), seen);
  }
}

const exportedAgain = ({ imports, exports }: NestModule): NestModule[] =>
  [...imports].filter(({ metatype }) => exports.has(metatype));

const parentOf = (object: object): object | null => Object.getPrototypeOf(object) as object | null;

const NONE = {};

/** The prototype of what a provider is or will be, request-scoped classes included; many things have none. */
function prototypeOf({ instance, metatype, inject }: Wrapper): object {
  const object: unknown = instance;
  if (typeof object === 'object' && object !== null) return parentOf(object) ?? NONE;
  const type: unknown = inject === undefined || inject === null ? metatype : undefined;
  return (typeof type === 'function' ? (type as { prototype?: object }).prototype : undefined) ?? NONE;
}
