import type { Types } from '@prisma/client/runtime/client';
import type { Duration } from '@mobius1/kernel';

/** How one read is cached; the shape of Accelerate's `cacheStrategy`. */
export interface CacheStrategy {
  /** For how long it is served. Seconds, or a string like `'5m'`. @default that of the model, else of the cache */
  readonly ttl?: Duration;
  /** How long after that it is served while it is asked for again. Seconds or a string. @default that of the model, else none */
  readonly swr?: Duration;
  /** Tags beside those that follow from the query itself. @default none */
  readonly tags?: readonly string[];
}

/** What reads take beside Prisma's own arguments. */
export interface CacheArgument {
  /** `true`: as the model, or the cache, says. `false`: not, whatever the model says. @default as the model says, else not */
  readonly cache?: CacheStrategy | boolean;
}

type Public = Types.Public.Operation;
type Given<T, A, F extends Public> = Types.Public.Exact<A, Types.Public.Args<T, F> & CacheArgument>;
type Answer<T, A, F extends Public> = Types.Public.PrismaPromise<Types.Public.Result<T, A, F>>;

/** The reads of every model, with `cache`. Writes take none, so a program that caches one does not compile. */
// An alias, because Prisma asks for what only aliases have: an implicit index.
export type CachedReads = {
  findUnique<T, A>(this: T, args: Given<T, A, 'findUnique'>): Answer<T, A, 'findUnique'>;
  findUniqueOrThrow<T, A>(this: T, args: Given<T, A, 'findUniqueOrThrow'>): Answer<T, A, 'findUniqueOrThrow'>;
  findFirst<T, A>(this: T, args?: Given<T, A, 'findFirst'>): Answer<T, A, 'findFirst'>;
  findFirstOrThrow<T, A>(this: T, args?: Given<T, A, 'findFirstOrThrow'>): Answer<T, A, 'findFirstOrThrow'>;
  findMany<T, A>(this: T, args?: Given<T, A, 'findMany'>): Answer<T, A, 'findMany'>;
  count<T, A>(this: T, args?: Given<T, A, 'count'>): Answer<T, A, 'count'>;
  aggregate<T, A>(this: T, args: Given<T, A, 'aggregate'>): Answer<T, A, 'aggregate'>;
  groupBy<T, A>(this: T, args: Given<T, A, 'groupBy'>): Answer<T, A, 'groupBy'>;
};

export const READS: ReadonlySet<string> = new Set([
  ...['findUnique', 'findUniqueOrThrow', 'findFirst', 'findFirstOrThrow', 'findMany'],
  ...['count', 'aggregate', 'groupBy'],
]);
