import { OptionCheck } from '@mobius1/kernel';
import { decorate } from './decorate.js';
import { type MethodDecoratorFor, type Of, valueOf } from './method-options.js';

/** What `@CacheInvalidate` may say; at least one of key, keys, tags, resultTags, patterns, all. */
export interface CacheInvalidateOptions<Args extends readonly unknown[], Result> {
  /** A key. @default none */
  readonly key?: Of<Args, string>;
  /** Several keys. @default none */
  readonly keys?: Of<Args, readonly string[]>;
  /** One command, however many entries carry them. @default none */
  readonly tags?: Of<Args, readonly string[]>;
  /** Tags that only the result knows. */
  readonly resultTags?: (result: Result, ...args: Args) => readonly string[];
  /** Globs over keys; each costs a walk over all keys. */
  readonly patterns?: Of<Args, readonly string[]>;
  /** The whole namespace. @default false */
  readonly all?: boolean;
  /** @default that of the feature */
  readonly namespace?: Of<Args, string>;
  /** Nothing is invalidated unless this says true. @default always */
  readonly condition?: (...args: Args) => boolean;
}

type Options = CacheInvalidateOptions<never[], never>;

/**
 * Invalidates after the method has succeeded; a method that throws invalidates nothing. Waits until the invalidation took
 * effect: whoever reads after the method returned does not get an older value.
 *
 * @example
 * ```ts
 * @CacheInvalidate({ key: (id: string) => CacheKeys.workspace(id), tags: (id: string) => [`workspace-${id}`] })
 * async update(id: string, changes: Changes) { … }
 * ```
 *
 * @throws InvalidOptionsError at class definition when the options name nothing; CacheDecoratorError as `@Cacheable` does
 */
export function CacheInvalidate<Args extends readonly unknown[] = [], Result = unknown>(
  options: CacheInvalidateOptions<Args, Result>,
): MethodDecoratorFor<Args, Result> {
  const check = new OptionCheck('@CacheInvalidate');
  const { key, keys, tags, resultTags, patterns, all, namespace, condition } = options as Options;
  if ([key, keys, tags, resultTags, patterns].every((option) => option === undefined) && all !== true) {
    check.problem('options', 'at least one of key, keys, tags, resultTags, patterns, all', undefined);
  }
  check.throwIfAny();
  return decorate('CacheInvalidate', async ({ binding, args, proceed }) => {
    const result = await proceed();
    if (condition !== undefined && !(condition as (...all: readonly unknown[]) => boolean)(...args)) return result;
    const one = valueOf(key, args);
    const scope = valueOf(namespace, args);
    const late = (resultTags as ((...all: unknown[]) => readonly string[]) | undefined)?.(result, ...args) ?? [];
    await binding.manager.invalidate({
      ...(scope === undefined ? {} : { namespace: scope }),
      keys: [...(one === undefined ? [] : [one]), ...(valueOf(keys, args) ?? [])],
      tags: [...(valueOf(tags, args) ?? []), ...late],
      patterns: valueOf(patterns, args) ?? [],
      all: all ?? false,
    });
    return result;
  });
}
