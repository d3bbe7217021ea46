import { AsyncLocalStorage } from 'node:async_hooks';
import { type Duration, OptionCheck, type UnitOfWork } from '@mobius1/kernel';
import { classifyFailure } from '../../core/failure.js';
import { decide } from '../../core/retry-policy.js';
import { DataModel, type RuntimeDataModel } from './data-model.js';
import { type Dependencies, tagsOfModels, tagsOfRead, tagsOfWrite } from './dependencies.js';
import { type CachedReads, type CacheStrategy, READS } from './operations.js';
import { mayChange, sqlOf } from './raw-sql.js';
import { thaw } from './thaw.js';

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
  /** The models that raw SQL changes; `undefined` for "that is not known". @default not known: everything is made void */
  readonly raw?: (sql: string) => readonly string[] | undefined;
  /**
   * What the database itself deletes or changes when a row of a model is deleted: `{ Workspace: ['Document'] }`. @default everything that is
   * connected with the model
   */
  readonly onDelete?: Readonly<Record<string, readonly string[]>>;
}

interface Operation {
  readonly model?: string | undefined;
  readonly operation: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly query: (args: never) => Promise<unknown>;
  /** Prisma's own; its name says what to think of it, and there is no other way to know of a transaction. */
  readonly __internalParams?: { readonly transaction?: unknown; readonly dataPath?: readonly string[] };
}

/** What is needed of the client that is extended. */
interface ExtensibleClient {
  readonly _runtimeDataModel: RuntimeDataModel;
  readonly _globalOmit?: unknown;
  $extends(extension: object): unknown;
  $transaction(...args: unknown[]): Promise<unknown>;
}

/** The extension, as TypeScript sees it: reads of every model take `cache`. */
export interface QueryCacheExtension {
  /** As Prisma shows it in errors. */
  readonly name: string;
  /** What it adds to the reads of all models. */
  readonly model: { readonly $allModels: CachedReads };
}

/**
 * A Prisma extension that caches reads, and makes them void when something is written: by model, by record, and through the relations that
 * a query reads or a write touches. Inside a transaction reads are not cached, and invalidations wait for its commit (G16), whether it
 * is one of `Transactions`, an interactive one of Prisma, or a batch.
 *
 * @example
 * const prisma = new PrismaClient({ adapter }).$extends(withQueryCache({ cache }));
 * const user = await prisma.user.findUnique({ where: { id }, cache: { ttl: '5m' } });
 * await prisma.user.update({ where: { id }, data }); // makes it void
 *
 * @throws InvalidOptionsError
 */
export function withQueryCache(options: QueryCacheExtensionOptions): QueryCacheExtension {
  checkOptions(options);
  const extend = (client: ExtensibleClient): unknown => {
    const parts = new CachedClient(client, options);
    const { $transaction } = client;
    return client.$extends({
      name: 'mobius-query-cache',
      query: { $allOperations: (operation: Operation) => parts.run(operation) },
      client: {
        $transaction(this: unknown, ...args: unknown[]): Promise<unknown> {
          return parts.transaction(args, (...own) => $transaction.apply(this as ExtensibleClient, own));
        },
      },
    });
  };
  // A function, because only so the extended client is seen; Prisma's types take what it adds from the object.
  return extend as unknown as QueryCacheExtension;
}

class CachedClient {
  readonly #options: QueryCacheExtensionOptions;
  readonly #name: string;
  readonly #data: DataModel;
  readonly #dependencies: Dependencies;
  /** Before the names of operations in keys: database, schema, and what the client leaves out of answers. */
  readonly #scope: string;
  /** Tags that transactions of Prisma itself have made void, until they are committed. */
  readonly #pending = new AsyncLocalStorage<Set<string>>();

  constructor(client: ExtensibleClient, options: QueryCacheExtensionOptions) {
    const { name = 'prisma', onDelete } = options;
    this.#options = options;
    this.#name = name;
    this.#data = new DataModel(client._runtimeDataModel);
    this.#scope = `${name}.${this.#data.hash}.${JSON.stringify(client._globalOmit ?? null)}`;
    const connected = (model: string): Iterable<string> => onDelete?.[model] ?? this.#data.connected(model);
    this.#dependencies = { model: this.#data, onDelete: connected };
    const unknown = Object.keys({ ...options.models, ...onDelete }).filter(
      (model) => !this.#data.names.includes(model),
    );
    refuseModels(unknown, this.#data.names);
  }

  run(operation: Operation): Promise<unknown> {
    if (operation.model === undefined) return this.#raw(operation);
    return READS.has(operation.operation)
      ? this.#read(operation, operation.model)
      : this.#write(operation, operation.model);
  }

  /** Runs a transaction of Prisma itself; what it made void becomes so when it is committed, or when nobody knows. */
  async transaction(
    [body, ...settings]: readonly unknown[],
    run: (...args: unknown[]) => Promise<unknown>,
  ): Promise<unknown> {
    const pending = new Set<string>();
    /** The body itself failed: there was no COMMIT. */
    const transaction = { abandoned: false };
    const watched = async (client: unknown): Promise<unknown> => {
      try {
        return await (body as (client: unknown) => Promise<unknown>)(client);
      } catch (error) {
        transaction.abandoned = true;
        throw error;
      }
    };
    const args = [typeof body === 'function' ? watched : body, ...settings];
    const flush = (): Promise<void> => this.#invalidateNow([...pending]);
    let result: unknown;
    try {
      result = await this.#pending.run(pending, async () => await run(...args));
    } catch (error) {
      if (!transaction.abandoned && mayBeDone(error)) await flush();
      throw error;
    }
    await flush();
    return result;
  }

  async #read({ operation, args, query, __internalParams: internal }: Operation, model: string): Promise<unknown> {
    const { cache: asked, ...own } = args as { cache?: CacheStrategy | boolean };
    const load = (): Promise<unknown> => query(own as never);
    const strategy = strategyOf(asked, this.#options.models?.[model]);
    const past = internal?.transaction !== undefined || (internal?.dataPath?.length ?? 0) > 0;
    const key = strategy === undefined || past ? undefined : this.#keyOf(model, operation, own);
    if (strategy === undefined || key === undefined) return load();
    const { ttl, swr, tags = [] } = strategy;
    const implied = tagsOfRead(this.#dependencies, model, operation, own).map((tag) => this.#tag(tag));
    const answer = await this.#options.cache.manager.getOrSet(key, load, {
      tags: [...implied, ...tags],
      ...(ttl === undefined ? {} : { ttl }),
      ...(swr === undefined ? {} : { staleWhileRevalidate: swr }),
    });
    return thaw(answer);
  }

  async #write({ operation, args, query, __internalParams: internal }: Operation, model: string): Promise<unknown> {
    const invalidate = (written: { result?: unknown }): Promise<void> =>
      this.#invalidate(tagsOfWrite(this.#dependencies, { model, operation, args, ...written }), internal?.transaction);
    return this.#invalidating(() => query(args as never), invalidate);
  }

  async #raw({ args, query, __internalParams: internal }: Operation): Promise<unknown> {
    const sql = sqlOf(args);
    const run = (): Promise<unknown> => query(args as never);
    const declared = this.#options.raw?.(sql);
    if (declared === undefined && !mayChange(sql)) return run();
    const tags = tagsOfModels(declared ?? this.#data.names);
    return this.#invalidating(run, () => this.#invalidate(tags, internal?.transaction));
  }

  /** Runs a write, and then says what it made void: also when it failed and may have been done. */
  async #invalidating(
    run: () => Promise<unknown>,
    invalidate: (written: { result?: unknown }) => Promise<void>,
  ): Promise<unknown> {
    let result: unknown;
    try {
      result = await run();
    } catch (error) {
      if (mayBeDone(error)) await invalidate({});
      throw error;
    }
    await invalidate({ result });
    return result;
  }

  async #invalidate(tags: readonly string[], transaction: unknown): Promise<void> {
    const pending = this.#pending.getStore();
    // Where the cache knows of the transaction it waits itself.
    if (transaction === undefined || pending === undefined || this.#options.cache.unitOfWork.active) {
      await this.#invalidateNow(tags);
      return;
    }
    for (const tag of tags) pending.add(tag);
  }

  async #invalidateNow(tags: readonly string[]): Promise<void> {
    if (tags.length > 0) await this.#options.cache.manager.invalidateByTag(tags.map((tag) => this.#tag(tag)));
  }

  #tag(tag: string): string {
    return `${this.#name}:${tag}`;
  }

  /** `undefined` for arguments of which no key can be made: they are asked of the database. */
  #keyOf(model: string, operation: string, args: object): string | undefined {
    try {
      return this.#options.cache.argumentKeys.keyOf(`${this.#scope}.${model}.${operation}`, [args]);
    } catch {
      return undefined;
    }
  }
}

/** Whether a write that failed may have been done: the server did not say that it was not. */
const mayBeDone = (error: unknown): boolean => decide(classifyFailure(error), 'commit') === 'ambiguous';

function strategyOf(
  asked: CacheStrategy | boolean | undefined,
  model: CacheStrategy | undefined,
): CacheStrategy | undefined {
  if (asked === false) return undefined;
  if (asked === undefined) return model;
  return asked === true ? (model ?? {}) : { ...model, ...asked };
}

const PORT = 'the cache: CACHE_INSTANCE in Nest, getCache() of @mobius1/cache/standalone without';

function checkOptions({ cache, models, name, raw, onDelete, ...rest }: QueryCacheExtensionOptions): void {
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

function refuseModels(unknown: readonly string[], known: readonly string[]): void {
  const check = new OptionCheck('withQueryCache');
  for (const model of unknown) check.problem(model, `a model of the schema: ${known.join(', ')}`, model);
  check.throwIfAny();
}
