import { mayBeDone } from '../../core/retry-policy.js';
import { DataModel } from './data-model.js';
import { type Dependencies, tagsOfModels, tagsOfRead, tagsOfWrite } from './dependencies.js';
import { type CachedReads, type CacheStrategy, READS } from './operations.js';
import { PrismaTransactions } from './prisma-transactions.js';
import { checkModels, checkOptions, type QueryCacheExtensionOptions } from './query-cache-options.js';
import { mayChange, sqlOf } from './raw-sql.js';
import type { RuntimeDataModel } from './runtime-data-model.js';
import { thaw } from './thaw.js';

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
  /** The text of the schema, and the kind of database. */
  readonly _engineConfig?: { readonly inlineSchema?: unknown; readonly activeProvider?: unknown };
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
  /** Whether raw SQL is that of PostgreSQL; of others nothing is understood. */
  readonly #readsSql: boolean;
  /** Before the names of operations in keys: database, schema, and what the client leaves out of answers. */
  readonly #scope: string;
  readonly #transactions = new PrismaTransactions((tags) => this.#invalidateNow(tags));

  constructor(client: ExtensibleClient, options: QueryCacheExtensionOptions) {
    const { name = 'prisma', onDelete } = options;
    const { inlineSchema, activeProvider } = client._engineConfig ?? {};
    this.#options = options;
    this.#name = name;
    this.#data = new DataModel(client._runtimeDataModel, typeof inlineSchema === 'string' ? inlineSchema : '');
    this.#readsSql = activeProvider === 'postgresql';
    this.#scope = `${name}.${this.#data.hash}.${JSON.stringify(client._globalOmit ?? null)}`;
    const connected = (model: string): Iterable<string> => onDelete?.[model] ?? this.#data.connected(model);
    this.#dependencies = { model: this.#data, onDelete: connected };
    checkModels(options, this.#data.names);
  }

  run(operation: Operation): Promise<unknown> {
    if (operation.model === undefined) return this.#raw(operation);
    return READS.has(operation.operation)
      ? this.#read(operation, operation.model)
      : this.#write(operation, operation.model);
  }

  /** Runs a transaction of Prisma itself. */
  transaction(args: readonly unknown[], run: (...args: unknown[]) => Promise<unknown>): Promise<unknown> {
    return this.#transactions.around(args, run);
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
    if (declared === undefined && this.#readsSql && !mayChange(sql)) return run();
    const known = declared?.every((model) => this.#data.names.includes(model)) === true;
    const tags = tagsOfModels(known ? declared : this.#data.names);
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
    // Where the cache knows of the transaction it waits itself.
    const waits = transaction !== undefined && !this.#options.cache.unitOfWork.active && this.#transactions.defer(tags);
    if (!waits) await this.#invalidateNow(tags);
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

function strategyOf(
  asked: CacheStrategy | boolean | undefined,
  model: CacheStrategy | undefined,
): CacheStrategy | undefined {
  if (asked === false) return undefined;
  if (asked === undefined) return model;
  return asked === true ? (model ?? {}) : { ...model, ...asked };
}
