import { InvalidKeyError } from '../../core/errors.js';
import type { LoadOptions } from '../../core/options.js';
import {
  type CacheableOptions,
  type CachedMethodOptions,
  checkMethodOptions,
  type MethodDecoratorFor,
  valueOf,
} from './method-options.js';
import { decorate } from './decorate.js';

type Options = CacheableOptions<never[], never>;

/** The options of a decorator as those of one call. What does not depend on the arguments is prepared once. */
function perCall(options: Options): (args: readonly unknown[]) => LoadOptions | undefined {
  const { key: _key, condition: _condition, namespace, ttl, tags, resultTags, unless, ...fixed } = options;
  const constant = [namespace, ttl, tags, resultTags, unless].every((option) => typeof option !== 'function');
  const make = (args: readonly unknown[]): LoadOptions => ({
    ...fixed,
    namespace: valueOf(namespace, args),
    ttl: valueOf(ttl, args),
    unless: unless && ((result) => (unless as (...all: unknown[]) => boolean)(result, ...args)),
    tags: resultTags
      ? (result) => [
          ...(valueOf(tags, args) ?? []),
          ...(resultTags as (...all: unknown[]) => readonly string[])(result, ...args),
        ]
      : valueOf(tags, args),
  });
  if (!constant) return make;
  const once = Object.values(options).some((value) => value !== undefined) ? Object.freeze(make([])) : undefined;
  return () => once;
}

function cached(decorator: string, options: Options, run: 'getOrSet' | 'put'): ReturnType<typeof decorate> {
  const { key, condition } = options;
  const optionsOf = perCall(options);
  return decorate(
    decorator,
    ({ binding, owner, place, args, proceed }) => {
      if (condition !== undefined && !(condition as (...all: readonly unknown[]) => boolean)(...args)) return proceed();
      const name = key === undefined ? binding.keyOf(owner, args) : valueOf(key, args);
      if (typeof name !== 'string' || name === '')
        throw new InvalidKeyError(
          `${place}: its key is ${typeof name === 'string' ? 'empty' : `no text (${typeof name})`} for these arguments.`,
        );
      return binding.manager[run](name, proceed, optionsOf(args));
    },
    { defaultKey: key === undefined, check: (place) => checkMethodOptions(place, options) },
  );
}

/**
 * Caches what a method returns. Concurrent calls with the same key share one run, in this process and in all others.
 *
 * @example
 * ```ts
 * @Cacheable({ key: (id: string) => CacheKeys.user(id), ttl: '5m', tags: (id: string) => [`user-${id}`] })
 * async find(id: string) { … }
 * ```
 *
 * @throws CacheDecoratorError at class definition when the method cannot be cached (getter, Observable, stream, static);
 * InvalidOptionsError when an option is wrong
 */
export function Cacheable<Args extends readonly unknown[] = [], Result = unknown>(
  options: CacheableOptions<Args, Result> = {},
): MethodDecoratorFor<Args, Result> {
  return cached('Cacheable', options as Options, 'getOrSet');
}

/**
 * Runs the method always and stores what it returns in place of what was cached. The key is taken before the method runs,
 * so a load that began earlier cannot overwrite the result.
 *
 * @throws CacheDecoratorError as `@Cacheable` does
 */
export function CachePut<Args extends readonly unknown[] = [], Result = unknown>(
  options: CachedMethodOptions<Args, Result> & Required<Pick<CachedMethodOptions<Args, Result>, 'key'>>,
): MethodDecoratorFor<Args, Result> {
  return cached('CachePut', options as Options, 'put');
}
