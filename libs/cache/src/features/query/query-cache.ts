import { type Duration, OptionCheck } from '@mobius1/kernel';
import { fewAtATime } from '../../core/few-at-a-time.js';
import { joinTags, type LoadOptions } from '../../core/options.js';
import { CacheKeys, joinKey, type KeyPart } from '../manager/cache-keys.js';
import type { CacheManager } from '../manager/cache-manager.js';

/** What may be said of a cached query. */
export interface QueryOptions<T = unknown> extends Omit<LoadOptions<T>, 'namespace'> {
  /**
   * Whose rows these are. It is a part of the key, so that one workspace never sees the rows of another, and the entry goes with
   * `invalidateWorkspace`. @default none: everybody is answered alike
   */
  readonly workspaceId?: KeyPart;
}

/** Which page of a list is asked for. */
export interface ListPage {
  /** From 1. */
  readonly page: number;
  /** Rows of a page. */
  readonly pageSize: number;
  /** Rows before the page: Prisma's `skip`, SQL's `OFFSET`. */
  readonly skip: number;
  /** Rows of the page: Prisma's `take`, SQL's `LIMIT`. */
  readonly take: number;
}

/** A query for `warmUp`. */
export interface WarmUpQuery extends QueryOptions {
  /** As for `cacheQuery`. */
  readonly key: string;
  /** Runs when the key is not cached. */
  readonly query: () => unknown;
}

/** What the query cache did since this process started. */
export interface QueryStats {
  /** Times that somebody asked. */
  readonly queries: number;
  /** Times that the database was asked; what several callers waited for counts once. */
  readonly executed: number;
  /** Among them, those that failed. */
  readonly failed: number;
  /** Questions that did not reach the database, in percent: 0 to 100, one decimal. */
  readonly hitRate: number;
  /** Calls of `invalidate…`. */
  readonly invalidations: number;
}

// As many as a usual pool has connections: a warm-up leaves the others their turn.
const WARM_UP_CONCURRENCY = 4;

/**
 * Queries of the database by what they are about: users, workspaces, documents, templates, lists. Each entry has a tag
 * that is its `CacheKeys` (`user:42`), so whatever is tagged the same way goes along.
 *
 * @example
 * const documents = await queries.cacheQuery('recent', () => prisma.document.findMany({ where: { workspaceId } }), {
 *   workspaceId,
 *   tags: ['documents'],
 *   ttl: '5m',
 * });
 * await queries.invalidateByTag('documents');
 */
export class QueryCache {
  readonly #manager: CacheManager;
  #queries = 0;
  #executed = 0;
  #failed = 0;
  #invalidations = 0;

  constructor(manager: CacheManager) {
    this.#manager = manager;
  }

  /**
   * What `query` returned, cached. Concurrent callers share one run, in all processes.
   *
   * @param key names the query within its workspace; everything that changes the answer belongs into it
   * @throws InvalidKeyError, InvalidOptionsError, LoadTimeoutError, RecursiveLoadError, and what `query` throws
   */
  async cacheQuery<T>(key: string, query: () => T | Promise<T>, options: QueryOptions<NoInfer<T>> = {}): Promise<T> {
    return this.#cache(keyOf('query', key, options), query, options as QueryOptions, []);
  }

  /** The query of one user. `options` may be a TTL alone: seconds, or a string. */
  async cacheUser<T>(
    userId: KeyPart,
    query: () => T | Promise<T>,
    options?: Duration | QueryOptions<NoInfer<T>>,
  ): Promise<T> {
    return this.#cacheThing(CacheKeys.user(userId), query, options as QueryOptions);
  }

  /** The query of one workspace. */
  async cacheWorkspace<T>(
    workspaceId: KeyPart,
    query: () => T | Promise<T>,
    options?: Duration | Omit<QueryOptions<NoInfer<T>>, 'workspaceId'>,
  ): Promise<T> {
    return this.#cacheThing(CacheKeys.workspace(workspaceId), query, within(workspaceId, options as QueryOptions));
  }

  /** The query of one document of a workspace. */
  async cacheDocument<T>(
    documentId: KeyPart,
    workspaceId: KeyPart,
    query: () => T | Promise<T>,
    options?: Duration | Omit<QueryOptions<NoInfer<T>>, 'workspaceId'>,
  ): Promise<T> {
    return this.#cacheThing(CacheKeys.document(documentId), query, within(workspaceId, options as QueryOptions));
  }

  /** The query of one template. */
  async cacheTemplate<T>(
    templateId: KeyPart,
    query: () => T | Promise<T>,
    options?: Duration | QueryOptions<NoInfer<T>>,
  ): Promise<T> {
    return this.#cacheThing(CacheKeys.template(templateId), query, options as QueryOptions);
  }

  /**
   * One page of a list. All pages, of whatever size, go together with `invalidateList`: a row that is added moves the others.
   *
   * @param page from 1
   * @param query is told which rows the page has
   */
  async cacheList<T>(
    listKey: string,
    page: number,
    pageSize: number,
    query: (rows: ListPage) => T | Promise<T>,
    options: QueryOptions<NoInfer<T>> = {},
  ): Promise<T> {
    const check = new OptionCheck('cacheList()');
    check.required('page', page, 'a page number from 1');
    check.positiveInteger('page', page);
    check.required('pageSize', pageSize, 'a number of rows from 1');
    check.positiveInteger('pageSize', pageSize);
    check.throwIfAny();
    const rows = { page, pageSize, skip: (page - 1) * pageSize, take: pageSize };
    const tag = listTag(listKey, options);
    const key = keyOf('rows', `${joinKey('list', { listKey })}:${page}:${pageSize}`, options);
    return this.#cache(key, () => query(rows), options as QueryOptions, [tag]);
  }

  /** Makes every query with this tag void, whatever their number, in one step. */
  async invalidateByTag(tag: string | readonly string[]): Promise<void> {
    this.#invalidations++;
    await this.#manager.invalidateByTag(tag);
  }

  /** Makes one query of `cacheQuery` void. */
  async invalidateQuery(key: string, options: Pick<QueryOptions, 'workspaceId'> = {}): Promise<void> {
    this.#invalidations++;
    await this.#manager.delete(keyOf('query', key, options));
  }

  /** Makes everything void that was cached of a user. */
  async invalidateUser(userId: KeyPart): Promise<void> {
    return this.invalidateByTag(CacheKeys.user(userId));
  }

  /** Makes everything void that was cached in a workspace, or of it. */
  async invalidateWorkspace(workspaceId: KeyPart): Promise<void> {
    return this.invalidateByTag(CacheKeys.workspace(workspaceId));
  }

  /** Makes everything void that was cached of a document. */
  async invalidateDocument(documentId: KeyPart): Promise<void> {
    return this.invalidateByTag(CacheKeys.document(documentId));
  }

  /** Makes everything void that was cached of a template. */
  async invalidateTemplate(templateId: KeyPart): Promise<void> {
    return this.invalidateByTag(CacheKeys.template(templateId));
  }

  /** Makes all pages of a list void. */
  async invalidateList(listKey: string, options: Pick<QueryOptions, 'workspaceId'> = {}): Promise<void> {
    return this.invalidateByTag(listTag(listKey, options));
  }

  /** Runs the queries that are not cached yet, a few at a time. Tells how many answered; one that fails stops no other. */
  async warmUp(queries: readonly WarmUpQuery[]): Promise<{ warmed: number; failed: number }> {
    const warmed = await fewAtATime(queries, WARM_UP_CONCURRENCY, ({ key, query, ...options }) =>
      this.cacheQuery(key, query, options).then(accepted, refused),
    );
    return { warmed, failed: queries.length - warmed };
  }

  /** Counts of this process. */
  getStats(): QueryStats {
    const [queries, executed, failed, invalidations] = [
      this.#queries,
      this.#executed,
      this.#failed,
      this.#invalidations,
    ];
    // Refreshes behind a stale answer are run without anybody asking.
    const saved = Math.max(0, queries - executed);
    return { queries, executed, failed, invalidations, hitRate: queries && Math.round((saved / queries) * 1_000) / 10 };
  }

  /** Something with an id: its key is its tag. */
  #cacheThing<T>(name: string, query: () => T | Promise<T>, said: Duration | QueryOptions | undefined): Promise<T> {
    const options = optionsOf(said);
    return this.#cache(keyOf('rows', name, options), query, options, [name]);
  }

  async #cache<T>(
    key: string,
    query: () => T | Promise<T>,
    options: QueryOptions,
    tags: readonly string[],
  ): Promise<T> {
    const { workspaceId, ...load } = options;
    const implied = workspaceId === undefined ? tags : [...tags, CacheKeys.workspace(workspaceId)];
    this.#queries++;
    const run = async (): Promise<T> => {
      this.#executed++;
      try {
        return await query();
      } catch (error) {
        this.#failed++;
        throw error;
      }
    };
    return this.#manager.getOrSet(key, run, { ...load, tags: joinTags(implied, load.tags) } as LoadOptions<NoInfer<T>>);
  }
}

const accepted = (): boolean => true;
const refused = (): boolean => false;

const optionsOf = (options: Duration | QueryOptions = {}): QueryOptions =>
  typeof options === 'object' ? options : { ttl: options };

/** A document without its workspace would be everybody's; an id that is missing by mistake is refused by the key. */
const within = (workspaceId: KeyPart, options: Duration | QueryOptions | undefined): QueryOptions => ({
  ...optionsOf(options),
  workspaceId,
});

/**
 * `query:<workspace>:<key>` for what `cacheQuery` is told, `rows:<workspace>:<name>` for what is named here: the first two parts hold no
 * other colon, so no two queries meet (G9).
 */
function keyOf(kind: 'query' | 'rows', key: string, options: Pick<QueryOptions, 'workspaceId'>): string {
  // Said, but undefined: the rows of one workspace would be everybody's.
  const scope = 'workspaceId' in options ? joinKey(kind, { workspaceId: options.workspaceId as KeyPart }) : `${kind}:`;
  // An empty or wrong key is for the cache to refuse.
  return typeof key === 'string' && key !== '' ? `${scope}:${key}` : key;
}

const listTag = (listKey: string, options: Pick<QueryOptions, 'workspaceId'>): string =>
  joinKey('list', 'workspaceId' in options ? { workspaceId: options.workspaceId as KeyPart, listKey } : { listKey });
