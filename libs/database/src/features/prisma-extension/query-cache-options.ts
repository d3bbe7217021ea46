import { type Duration, OptionCheck, type UnitOfWork } from '@mobius1/kernel';
import type { CacheStrategy } from './operations.js';

/** What is needed of a cache: the `CacheInstance` of `CACHE_INSTANCE`, or of `getCache()` without Nest. */
export interface QueryCachePort {
  /** Where the reads are kept. */
  readonly manager: {
    getOrSet<T>(
      key: string,
      load: () => Promise<T>,
      options: { tags: readonly string[]; ttl?: Duration; staleWhileRevalidate?: Duration },
    ): Promise<T>;
    invalidateByTag(tags: readonly string[]): Promise<void>;
  };
  /** Makes keys of arguments, so that no two meet. */
  readonly argumentKeys: { keyOf(owner: string, args: readonly unknown[]): string };
  /** The transactions that invalidations wait for. */
  readonly unitOfWork: UnitOfWork;
}

/** What `withQueryCache` takes. */
export interface QueryCacheExtensionOptions {
  /** The cache of the application. */
  readonly cache: QueryCachePort;
  /** Models whose reads are cached without being asked to, and how. @default none */
  readonly models?: Readonly<Record<string, Omit<CacheStrategy, 'tags'>>>;
  /** Tells databases apart that share a cache; the same in all processes. @default 'prisma' */
  readonly name?: string;
  /**
   * The models that raw SQL changes, also along foreign keys; `undefined` for "that is not known". @default not known: everything is made
   * void, except by what is certainly one statement of PostgreSQL that changes no rows
   */
  readonly raw?: (sql: string) => readonly string[] | undefined;
  /**
   * What the database itself deletes or changes when a row of a model is deleted: `{ Workspace: ['Document'] }`. @default everything that is
   * connected with the model
   */
  readonly onDelete?: Readonly<Record<string, readonly string[]>>;
}

const PORT = 'the cache: CACHE_INSTANCE in Nest, getCache() of @mobius1/cache/standalone without';

/** @throws InvalidOptionsError */
export function checkOptions({ cache, models, name, raw, onDelete, ...rest }: QueryCacheExtensionOptions): void {
  const check = new OptionCheck('withQueryCache');
  check.unknownKeys('', rest, []);
  if (typeof (cache as Partial<QueryCachePort> | undefined)?.manager?.getOrSet !== 'function')
    check.problem('cache', PORT, cache);
  check.string('name', name, { max: 32 });
  check.function('raw', raw);
  for (const [model, strategy] of Object.entries(models ?? {})) {
    check.unknownKeys(`models.${model}`, strategy, ['ttl', 'swr']);
    check.durationMs(`models.${model}.ttl`, strategy.ttl, 's');
    check.durationMs(`models.${model}.swr`, strategy.swr, 's');
  }
  if (onDelete !== undefined && Object.values(onDelete).some((others) => !Array.isArray(others)))
    check.problem('onDelete', 'lists of models by model', onDelete);
  check.throwIfAny();
}

/** @throws InvalidOptionsError for a model that is not one of the schema */
export function checkModels({ models, onDelete }: QueryCacheExtensionOptions, known: readonly string[]): void {
  const check = new OptionCheck('withQueryCache');
  const named = [...Object.keys({ ...models, ...onDelete }), ...Object.values(onDelete ?? {}).flat()];
  const unknown = named.filter((model) => !known.includes(model));
  for (const model of unknown) check.problem(model, `a model of the schema: ${known.join(', ')}`, model);
  check.throwIfAny();
}
