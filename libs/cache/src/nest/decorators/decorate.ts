import 'reflect-metadata';
import { Inject } from '@nestjs/common';
import { CacheDecoratorError } from '../../core/errors.js';
import { CACHE_BINDING } from '../tokens.js';
import { acceptBinding, type Binding, BINDING_PROPERTY, bindingOf } from './binding.js';

type Method = (this: object, ...args: unknown[]) => unknown;

/** What a decorator does around a call: `proceed` runs the method. */
export type Around = (call: {
  readonly binding: Binding;
  /** `UsersService.find`, by the class of the object, so that subclasses keep apart. */
  readonly owner: string;
  readonly args: readonly unknown[];
  readonly proceed: () => unknown;
}) => unknown;

/** Cached methods whose key is made of class, method and arguments: their class names must be unique. */
const defaultKeyed = new WeakMap<object, Set<string>>();

export const defaultKeyedMethods = (prototype: object): ReadonlySet<string> => defaultKeyed.get(prototype) ?? new Set();

interface Returned {
  readonly name?: string;
  readonly prototype?: { readonly subscribe?: unknown; readonly pipe?: unknown } | null;
}

const isStreamLike = (value: Returned['prototype']): boolean =>
  typeof value?.subscribe === 'function' || typeof value?.pipe === 'function';

/** Why a method with this declared return type cannot be cached; '' if it can. */
function objection(method: unknown, returned: Returned | undefined): string {
  if (typeof method !== 'function') return 'is a getter, setter or field; only methods can be cached';
  if (/GeneratorFunction$/.test(method.constructor.name)) return 'is a generator; return a list instead';
  if (isStreamLike(returned?.prototype)) {
    return `returns ${returned?.name ?? 'a stream'}, which can be consumed once only; return a promise of its value (firstValueFrom, a Buffer)`;
  }
  const sync = ['String', 'Number', 'Boolean', 'Array', 'Date', 'Map', 'Set'];
  if (sync.includes(returned?.name ?? ''))
    return `returns a ${returned?.name ?? ''}; a cached method is async: return a promise`;
  return '';
}

/**
 * Wraps a method, keeping its name, length, metadata and `this`. Checks at class definition, that is at boot, that the
 * method can be wrapped at all.
 */
export function decorate(decorator: string, around: Around, options: { readonly defaultKey?: boolean } = {}) {
  return (target: object, property: string | symbol, descriptor?: PropertyDescriptor): void => {
    const owner = typeof target === 'function' ? target : target.constructor;
    const place = `@${decorator} on ${owner.name}.${String(property)}`;
    if (typeof target === 'function')
      throw new CacheDecoratorError(`${place}: it is static; only methods of instances can be cached.`);
    const original: unknown = descriptor?.value;
    const returned = Reflect.getMetadata('design:returntype', target, property) as Returned | undefined;
    const problem = objection(original, returned);
    if (problem !== '' || descriptor === undefined) throw new CacheDecoratorError(`${place}: it ${problem}.`);
    descriptor.value = wrap(original as Method, String(property), around, place);
    acceptBinding(target);
    Inject(CACHE_BINDING)(target, BINDING_PROPERTY);
    if (options.defaultKey) {
      const known = defaultKeyed.get(target) ?? new Set<string>();
      defaultKeyed.set(target, known.add(String(property)));
    }
  };
}

function wrap(original: Method, name: string, around: Around, place: string): Method {
  const owners = new WeakMap<object, string>();
  const ownerOf = (self: object): string => {
    const known = owners.get(self.constructor);
    if (known !== undefined) return known;
    const owner = `${self.constructor.name}.${name}`;
    owners.set(self.constructor, owner);
    return owner;
  };
  const wrapped: Method = function (...args) {
    const binding = bindingOf(this);
    if (binding === undefined) return original.apply(this, args);
    const proceed = (): unknown => {
      const result = original.apply(this, args);
      if (isStreamLike(result as Returned['prototype'])) {
        throw new CacheDecoratorError(
          `${place}: it returned an Observable or a stream, which cannot be cached; return a promise of its value.`,
        );
      }
      return result;
    };
    try {
      return around({ binding, owner: ownerOf(this), args, proceed });
    } catch (error) {
      return Promise.reject(error); // whoever calls a cached method handles a promise
    }
  };
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapped);
  }
  Object.defineProperty(wrapped, 'name', { value: original.name, configurable: true });
  Object.defineProperty(wrapped, 'length', { value: original.length, configurable: true });
  return wrapped;
}
