import { type Duration, OptionCheck } from '@mobius1/kernel';
import { MAX_NAMESPACE_LENGTH } from '../../core/key.js';
import { checkTags, type StoreOptions, suspectDeclared } from '../../core/options.js';

/** Which of the keys with equal text is meant. */
export interface NamespaceOption {
  /** @default none, or that of the feature */
  readonly namespace?: string;
}

/** What may be said of a read without a load. */
export interface GetOptions extends NamespaceOption {
  /** How long after its TTL a value is still taken. Seconds or a string. @default 0 */
  readonly staleWhileRevalidate?: Duration;
}

/** What may be said of a counter. */
export interface IncrementOptions extends NamespaceOption {
  /** Seconds or a string; set with the first increment, never extended by later ones. @default the counter stays */
  readonly ttl?: Duration;
  /** An integer, also negative. @default 1 */
  readonly by?: number;
}

/** An entry for `setMany` and `warmUp`. */
export interface CacheEntry extends StoreOptions {
  /** As for `set`. */
  readonly key: string;
  /** Anything that can be cached; `null` is a value. */
  readonly value: unknown;
}

/** What to invalidate in one call. */
export interface InvalidateOptions extends NamespaceOption {
  /** @default none */
  readonly keys?: readonly string[];
  /** One command, however many entries carry them. @default none */
  readonly tags?: readonly string[];
  /** Globs over keys; each costs a walk over all keys. */
  readonly patterns?: readonly string[];
  /** The whole namespace, or everything without one. @default false */
  readonly all?: boolean;
}

/** What every entry of a feature has in common. */
export interface FeatureOptions {
  /** Keeps the keys of the feature apart from all others. @default none */
  readonly namespace?: string;
  /** Seconds or a string. */
  readonly ttl?: Duration;
  /** Added to the tags of every entry. */
  readonly tags?: readonly string[];
}

/** @throws InvalidOptionsError that lists every problem at once */
export function checkFeature(scope: string, feature: FeatureOptions): void {
  const check = new OptionCheck(scope);
  check.unknownKeys('', feature, ['namespace', 'ttl', 'tags']);
  const { namespace, ttl, tags } = feature;
  check.string('namespace', namespace, { max: MAX_NAMESPACE_LENGTH });
  check.durationMs('ttl', ttl, 's');
  if (tags !== undefined) checkTags(check, tags);
  check.throwIfAny();
  suspectDeclared(namespace === undefined ? scope : `${scope} of ${namespace}`, ttl);
}

/** @throws InvalidOptionsError that lists every problem at once */
export function checkInvalidate(scope: string, options: InvalidateOptions): void {
  const check = new OptionCheck(scope);
  check.unknownKeys('', options, ['namespace', 'keys', 'tags', 'patterns', 'all']);
  checkSelection(check, options);
  check.boolean('all', options.all);
  check.throwIfAny();
}

/** Records what is wrong with what is to be invalidated; of keys only that they are a list: the cache itself says what a key is. */
export function checkSelection(
  check: OptionCheck,
  { keys, tags, patterns }: Pick<InvalidateOptions, 'keys' | 'tags' | 'patterns'>,
): void {
  for (const [name, list] of Object.entries({ keys, patterns }) as [string, unknown][])
    if (list !== undefined && !Array.isArray(list)) check.problem(name, 'a list of strings', list);
  if (tags !== undefined) checkTags(check, tags);
  if (Array.isArray(patterns)) patterns.forEach((pattern, i) => checkPattern(check, `patterns[${i}]`, pattern));
}

const MAX_PATTERN_LENGTH = 1_024;

/** Records what is wrong with a glob. */
export function checkPattern(check: OptionCheck, path: string, pattern: unknown): void {
  check.required(path, pattern, 'a glob');
  check.string(path, pattern, { max: MAX_PATTERN_LENGTH });
}
