import { OptionCheck } from '@mobius1/kernel';
import { checkSelection, type InvalidateOptions } from '../../features/manager/manager-options.js';
import { decorate } from './decorate.js';
import { type MethodDecoratorFor, type Of, unlessFunction, valueOf } from './method-options.js';

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

const NAMES: Readonly<Record<keyof CacheInvalidateOptions<[], unknown>, true>> = {
  key: true,
  keys: true,
  tags: true,
  resultTags: true,
  patterns: true,
  all: true,
  namespace: true,
  condition: true,
};

/** @throws InvalidOptionsError that lists every problem at once, under the place of the decorator */
function checkOptions(place: string, options: Options): void {
  const { key, keys, tags, resultTags, patterns, all, namespace, condition } = options;
  const check = new OptionCheck(place);
  check.unknownKeys('', options, Object.keys(NAMES));
  if ([key, keys, tags, resultTags, patterns].every((option) => option === undefined) && all !== true)
    check.problem('options', 'at least one of key, keys, tags, resultTags, patterns, all', undefined);
  check.string('key', unlessFunction(key));
  checkSelection(check, {
    keys: unlessFunction(keys),
    tags: unlessFunction(tags),
    patterns: unlessFunction(patterns),
  });
  check.function('resultTags', resultTags);
  check.boolean('all', all);
  check.string('namespace', unlessFunction(namespace));
  check.function('condition', condition);
  check.throwIfAny();
}

/**
 * What a call will invalidate, as far as its arguments tell. Found out before the method runs: it may change its arguments, and a key that
 * is none is to fail the call before anything was written, not after.
 *
 * @throws InvalidOptionsError
 */
function selectionOf(place: string, options: Options, args: readonly unknown[]): InvalidateOptions {
  const { key, all, namespace } = options;
  const [one, several] = [valueOf(key, args), valueOf(options.keys, args)];
  const [tags, patterns] = [valueOf(options.tags, args), valueOf(options.patterns, args)];
  const check = new OptionCheck(place);
  checkSelection(check, { keys: several, tags, patterns });
  if (key !== undefined) checkKey(check, 'key', one);
  if (Array.isArray(several)) several.forEach((each, i) => checkKey(check, `keys[${i}]`, each));
  check.throwIfAny();
  const keys = one === undefined ? several : [one].concat(several ?? []);
  return { namespace: valueOf(namespace, args), keys, tags, patterns, all };
}

function checkKey(check: OptionCheck, path: string, key: unknown): void {
  if (typeof key !== 'string' || key === '') check.problem(path, 'a key for these arguments', key);
}

/**
 * Invalidates after the method has succeeded; a method that throws invalidates nothing. What is invalidated is found out before it runs.
 * Waits until the invalidation took effect: whoever reads after the method returned does not get an older value.
 *
 * @example
 * ```ts
 * @CacheInvalidate({ key: (id: string) => CacheKeys.workspace(id), tags: (id: string) => [`workspace-${id}`] })
 * async update(id: string, changes: Changes) { … }
 * ```
 *
 * @throws InvalidOptionsError at class definition when an option is wrong, or none says what, and at a call before the method runs when a
 * function of its arguments returns what cannot be; CacheDecoratorError as `@Cacheable` does
 */
export function CacheInvalidate<Args extends readonly unknown[] = [], Result = unknown>(
  options: CacheInvalidateOptions<Args, Result>,
): MethodDecoratorFor<Args, Result> {
  const { resultTags, condition } = options as Options;
  return decorate(
    'CacheInvalidate',
    async ({ binding, place, args, proceed }) => {
      if (condition !== undefined && !(condition as (...all: readonly unknown[]) => boolean)(...args)) return proceed();
      const selection = selectionOf(place, options as Options, args);
      const result = await proceed();
      const late = (resultTags as ((...all: unknown[]) => readonly string[]) | undefined)?.(result, ...args);
      const tags = late === undefined ? selection.tags : (selection.tags ?? []).concat(late);
      await binding.manager.invalidate({ ...selection, tags });
      return result;
    },
    { check: (place) => checkOptions(place, options as Options) },
  );
}
