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
  /** `@Cacheable on UsersService.find`, for messages. */
  readonly place: string;
  readonly args: readonly unknown[];
  readonly proceed: () => unknown;
}) => unknown;

/** The same around an async generator: its parts are those of the method, or others. */
export type AroundParts = (call: {
  readonly binding: Binding;
  readonly args: readonly unknown[];
  readonly proceed: () => AsyncGenerator;
}) => Promise<AsyncIterable<unknown>>;

/** What a decorator can do besides. */
interface DecorateOptions {
  /** Its key is made of class, method and arguments. @default false */
  readonly defaultKey?: boolean;
  /** Takes async generators, too. @default it refuses them */
  readonly parts?: AroundParts;
  /** Checks its options at class definition; throws what is wrong with them at `place`. @default nothing to check */
  readonly check?: (place: string) => void;
  /** Keeps the prototypes that have such a method. @default nobody does */
  readonly prototypes?: WeakSet<object>;
}

/** Cached methods whose key is made of class, method and arguments: their class names must be unique. */
const defaultKeyed = new WeakMap<object, Set<string>>();

export const defaultKeyedMethods = (prototype: object): ReadonlySet<string> => defaultKeyed.get(prototype) ?? new Set();

interface Returned {
  readonly name?: string;
  readonly prototype?: StreamLike | null;
}

interface StreamLike {
  readonly then?: unknown;
  readonly subscribe?: unknown;
  readonly pipe?: unknown;
  readonly pipeTo?: unknown;
}

/** Observables, streams of Node, streams of the web. */
const isStreamLike = (value: StreamLike | null | undefined): boolean =>
  [value?.subscribe, value?.pipe, value?.pipeTo].some((method) => typeof method === 'function');

const isAsyncGenerator = (method: unknown): boolean =>
  typeof method === 'function' && method.constructor.name === 'AsyncGeneratorFunction';

/** Where a decorator stands, and what it can do. */
interface Decorated extends DecorateOptions {
  readonly target: object;
  readonly property: string | symbol;
}

/** Why a method with this declared return type cannot be cached; '' if it can. */
function objection(method: unknown, { target, property, parts, defaultKey }: Decorated): string {
  if (typeof target === 'function') return 'is static; only methods of instances can be cached';
  if (typeof method !== 'function') return 'is a getter, setter or field; only methods can be cached';
  // Two symbols may have one description.
  if (defaultKey && typeof property === 'symbol')
    return 'is named by a symbol, which no key can be made of; give it a key';
  if (isAsyncGenerator(method) && parts !== undefined) return '';
  if (/GeneratorFunction$/.test(method.constructor.name))
    return parts === undefined ? 'is a generator; return a list instead' : 'is a generator; only async ones can wait';
  const returned = Reflect.getMetadata('design:returntype', target, property) as Returned | undefined;
  if (isStreamLike(returned?.prototype)) {
    return `returns ${returned?.name ?? 'a stream'}, which can be consumed once only; return a promise of its value (firstValueFrom, a Buffer)`;
  }
  if (isSync(returned))
    return `returns ${withArticle(returned?.name ?? '')}; a cached method is async: return a promise`;
  return '';
}

/** Declared to return an instance of a class that is no promise. Interfaces and unions are all `Object` here. */
function isSync(returned: Returned | undefined): boolean {
  if (typeof returned !== 'function' || (returned as unknown) === Object) return false;
  return typeof (returned as Returned).prototype?.then !== 'function';
}

const withArticle = (name: string): string => `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;

/**
 * Wraps a method, keeping its name, length, metadata and `this`. Checks at class definition, that is at boot, that the
 * method can be wrapped at all.
 */
export function decorate(decorator: string, around: Around, options: DecorateOptions = {}) {
  return function method(target: object, property: string | symbol, descriptor?: PropertyDescriptor): void {
    const owner = typeof target === 'function' ? target : target.constructor;
    const place = `@${decorator} on ${owner.name}.${String(property)}`;
    const original: unknown = descriptor?.value;
    const { parts, check } = options;
    const problem = objection(original, { target, property, ...options });
    atDefinition(method, () => {
      if (problem !== '') throw new CacheDecoratorError(`${place}: it ${problem}.`);
      check?.(place);
    });
    if (descriptor === undefined) return; // a field, which was refused
    const inParts = parts !== undefined && isAsyncGenerator(original);
    const wrapped = inParts
      ? wrapParts(original as PartsMethod, parts)
      : wrap({ original: original as Method, target, property, around, place });
    descriptor.value = disguised(wrapped, original as Method);
    acceptBinding(target);
    options.prototypes?.add(target);
    Inject(CACHE_BINDING)(target, BINDING_PROPERTY);
    if (options.defaultKey) {
      const known = defaultKeyed.get(target) ?? new Set<string>();
      defaultKeyed.set(target, known.add(String(property)));
    }
  };
}

/** The stack of what `check` throws begins where the class is defined: above `decorator` are only frames of ours. */
function atDefinition(decorator: (...args: never[]) => void, check: () => void): void {
  try {
    check();
  } catch (error) {
    Error.captureStackTrace(error as Error, decorator);
    throw error;
  }
}

/** False for a method that a subclass overrides: it runs on this object only where the override calls `super`. */
function isOutermost(self: object, target: object, property: string | symbol): boolean {
  let level = Object.getPrototypeOf(self) as object | null;
  while (level !== null && !Object.hasOwn(level, property)) level = Object.getPrototypeOf(level) as object | null;
  return level === null || level === target;
}

interface Wrapping {
  readonly original: Method;
  /** The prototype that has the method. */
  readonly target: object;
  readonly property: string | symbol;
  readonly around: Around;
  /** For messages. */
  readonly place: string;
}

function wrap({ original, target, property, around, place }: Wrapping): Method {
  const owners = new WeakMap<object, string>();
  const ownerOf = (self: object): string => {
    const known = owners.get(self.constructor);
    if (known !== undefined) return known;
    // With the key of the override, the overridden method would wait for the load it is part of.
    const level = isOutermost(self, target, property) ? '' : `${target.constructor.name}.`;
    const owner = `${self.constructor.name}.${level}${String(property)}`;
    owners.set(self.constructor, owner);
    return owner;
  };
  const accept = (result: unknown): unknown => {
    if (!isStreamLike(result as StreamLike)) return result;
    throw new CacheDecoratorError(
      `${place}: it returned an Observable or a stream, which cannot be cached; return a promise of its value.`,
    );
  };
  const wrapped: Method = function (...args) {
    const binding = bindingOf(this);
    if (binding === undefined) return original.apply(this, args);
    const proceed = (): unknown => {
      const result = original.apply(this, args) as Partial<PromiseLike<unknown>> | null | undefined;
      return typeof result?.then === 'function' ? result.then(accept) : accept(result);
    };
    try {
      return around({ binding, owner: ownerOf(this), place, args, proceed });
    } catch (error) {
      return Promise.reject(error); // whoever calls a cached method handles a promise
    }
  };
  return wrapped;
}

type PartsMethod = (this: object, ...args: unknown[]) => AsyncGenerator;

/** As with any generator nothing happens until the first part is asked for, and to leave it early leaves what it reads. */
function wrapParts(original: PartsMethod, around: AroundParts): Method {
  return async function* (...args) {
    const binding = bindingOf(this);
    const proceed = (): AsyncGenerator => original.apply(this, args);
    yield* binding === undefined ? proceed() : await around({ binding, args, proceed });
  };
}

/** The wrapping under the name, the length and the metadata of the method. */
function disguised(wrapped: Method, original: Method): Method {
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), wrapped);
  }
  Object.defineProperty(wrapped, 'name', { value: original.name, configurable: true });
  Object.defineProperty(wrapped, 'length', { value: original.length, configurable: true });
  return wrapped;
}
