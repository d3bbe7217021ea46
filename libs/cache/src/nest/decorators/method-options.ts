import { type Duration, OptionCheck } from '@mobius1/kernel';
import { type LoadOptions, PLAN_DEFAULTS, planOf, suspectDeclared } from '../../core/options.js';

/** A value, or a function of the method's own arguments. */
export type Of<Args extends readonly unknown[], V> = V | ((...args: Args) => V);

/** Reads an option for one call. */
export function valueOf<V>(option: Of<never[], V> | undefined, args: readonly unknown[]): V | undefined {
  return typeof option === 'function' ? (option as (...args: readonly unknown[]) => V)(...args) : option;
}

/** The descriptor of a method, if what the options name as parameters fits its own. */
export type DescriptorFor<M extends (...args: never[]) => unknown, Args extends readonly unknown[]> =
  Parameters<M> extends readonly [...Args, ...unknown[]]
    ? TypedPropertyDescriptor<M>
    : Parameters<M> extends Args
      ? TypedPropertyDescriptor<M>
      : TypedPropertyDescriptor<M> & { readonly 'the parameters do not fit those of the method': Args };

/**
 * A method decorator for methods that take at least these arguments. What the functions of the options name as their
 * parameters must fit the method: `@Cacheable({ key: (id: number) => … })` on `find(id: string)` does not compile.
 */
export type MethodDecoratorFor<Args extends readonly unknown[], Result> = <
  M extends (...args: never[]) => Promise<Result>,
>(
  target: object,
  property: string | symbol,
  descriptor: DescriptorFor<M, Args>,
) => void;

/** What `@Cacheable` and `@CachePut` may say. */
export interface CachedMethodOptions<Args extends readonly unknown[], Result> {
  /** @default class, method and a digest of the arguments */
  readonly key?: Of<Args, string>;
  /** @default that of the feature */
  readonly namespace?: Of<Args, string>;
  /** Seconds or a string. @default that of the feature, else of the module */
  readonly ttl?: Of<Args, Duration>;
  /** @default those of the feature */
  readonly tags?: Of<Args, readonly string[]>;
  /** Tags that only the result knows. New ones are cached from the second load on if others were invalidated meanwhile. @default none */
  readonly resultTags?: (result: Result, ...args: Args) => readonly string[];
  /** The cache is used only when this says true. @default always */
  readonly condition?: (...args: Args) => boolean;
  /** The result is returned but not stored when this says true. @default never */
  readonly unless?: (result: Result, ...args: Args) => boolean;
  /** Seconds or a string. @default 0 */
  readonly staleWhileRevalidate?: Duration;
  /** Seconds or a string. @default 0 */
  readonly staleIfError?: Duration;
  /** Share of the TTL taken off at random, 0 to 1. @default 0 */
  readonly jitter?: number;
}

/** What `@Cacheable` may say besides. */
export interface CacheableOptions<Args extends readonly unknown[], Result> extends CachedMethodOptions<Args, Result> {
  /** Milliseconds after which a stale value answers for a slow method. @default never */
  readonly softTimeout?: number;
  /** Milliseconds after which a slow method fails its callers. @default never */
  readonly hardTimeout?: number;
  /** Chance of refreshing before the TTL ends (XFetch's beta). @default 0 */
  readonly earlyRefresh?: number;
}

const KNOWN: Readonly<Record<keyof CacheableOptions<[], unknown>, true>> = {
  key: true,
  namespace: true,
  ttl: true,
  tags: true,
  resultTags: true,
  condition: true,
  unless: true,
  staleWhileRevalidate: true,
  staleIfError: true,
  jitter: true,
  softTimeout: true,
  hardTimeout: true,
  earlyRefresh: true,
};

/** What is known of an option at class definition: nothing when it depends on the arguments of a call. */
export const unlessFunction = <V>(option: Of<never[], V> | undefined): V | undefined =>
  typeof option === 'function' ? undefined : option;

/**
 * Checks what is known before anybody calls the method: a wrong option stops the boot, and does not fail a request.
 *
 * @throws InvalidOptionsError that lists every problem at once, under the place of the decorator
 */
export function checkMethodOptions(place: string, options: CacheableOptions<never[], never>): void {
  const check = new OptionCheck(place);
  check.unknownKeys('', options, Object.keys(KNOWN));
  check.string('key', unlessFunction(options.key));
  check.string('namespace', unlessFunction(options.namespace));
  check.function('condition', options.condition);
  check.function('resultTags', options.resultTags);
  const fixed = { ...options, ttl: unlessFunction(options.ttl), tags: unlessFunction(options.tags) };
  planOf(check, fixed as LoadOptions<never>, PLAN_DEFAULTS);
  check.throwIfAny();
  suspectDeclared(place, options.ttl);
}
