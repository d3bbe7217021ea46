import { randomUUID } from 'node:crypto';
import { Channel, type Clock, noUnitOfWork, systemClock, type UnitOfWork } from '@mobius1/kernel';
import { ArgumentKeys } from '../core/argument-key.js';
import { CacheEngine } from '../core/engine.js';
import type { CacheEvents } from '../core/events.js';
import { NO_STORES, type SemanticStores } from '../core/journal.js';
import type { Store } from '../core/store.js';
import type { Tally } from '../core/tally.js';
import { MemoryLimitStore } from '../drivers/limits/memory-limit-store.js';
import { RedisLimitStore } from '../drivers/limits/redis-limit-store.js';
import { MemoryStore } from '../drivers/memory-store.js';
import { MemoryTally } from '../drivers/memory-tally.js';
import { type NearEvents, NearTier } from '../drivers/near/near-tier.js';
import { NullStore } from '../drivers/null-store.js';
import { RedisConnection } from '../drivers/redis-connection.js';
import { RedisJournal } from '../drivers/redis-journal.js';
import { REDIS_DEFAULTS, type RedisOptions } from '../drivers/redis-options.js';
import { ReplicatedWrites } from '../drivers/replicated-writes.js';
import { RedisStore } from '../drivers/redis-store.js';
import { RedisTally } from '../drivers/redis-tally.js';
import { RedisVectorSets } from '../drivers/redis-vector-sets.js';
import { CacheManager } from '../features/manager/cache-manager.js';
import { ModelCache } from '../features/model/model-cache.js';
import { QueryCache } from '../features/query/query-cache.js';
import { RateLimits } from '../features/rate-limit/rate-limits.js';
import { type CacheHealth, judgeHealth } from './cache-health.js';
import { type CacheMetric, describeMetrics } from './cache-metrics.js';
import { type CacheOptions, type ResolvedCacheOptions, resolveCacheOptions } from './cache-options.js';
import { describeSavings } from './savings-metrics.js';

/**
 * One cache with all its parts: what `CacheModule.forRoot` makes for an application and `initializeRedis` for a program
 * without Nest. Two instances in one process share nothing (G12).
 */
export class CacheInstance {
  /** Tells this cache apart from others in metrics, spans and diagnostics. */
  readonly name: string;
  /** What it does, as it does it. */
  readonly events: Channel<CacheEvents>;
  /** What everything below is a face of; for extensions. */
  readonly engine: CacheEngine;
  /** Entries by key: what `CacheManagerService` is. */
  readonly manager: CacheManager;
  /** Queries of the database: what `QueryCacheService` is. */
  readonly queries: QueryCache;
  /** Answers of AI models: what `ModelCacheService` is. */
  readonly models: ModelCache;
  /** Rate limits, budgets of tokens, slots. */
  readonly limits: RateLimits;
  /** Makes keys of arguments, so that no two meet. */
  readonly argumentKeys: ArgumentKeys;
  /** The transactions that this cache follows. */
  readonly unitOfWork: UnitOfWork;
  /** Absent when the cache lives in memory or is turned off. */
  readonly connection: RedisConnection | undefined;
  /** The in-process tier before Redis, if there is one. */
  readonly near: NearTier | undefined;
  readonly #store: Store;
  readonly #replicated: ReplicatedWrites | undefined;
  readonly #commandTimeoutMs: number;

  /** @throws InvalidOptionsError */
  constructor(options: CacheOptions = {}, clock: Clock = systemClock) {
    const { name, enabled, redis, memory, l1, coherence, plan, limits, keySecret, model, rateLimit, ...transactions } =
      resolveCacheOptions(options);
    const publish = { prefix: 'mobius:cache', origin: { cache: name } };
    this.name = name;
    this.events = new Channel<CacheEvents>({ publish });
    this.connection =
      enabled && redis !== undefined ? new RedisConnection(redis, clock, new Channel({ publish })) : undefined;
    this.#commandTimeoutMs = redis?.commandTimeout ?? REDIS_DEFAULTS.commandTimeout;
    if (!enabled) this.#store = new NullStore();
    else if (this.connection === undefined) this.#store = new MemoryStore({ ...memory, clock });
    else {
      const parts = onRedis(this.connection, {
        redis,
        l1,
        coherence,
        clock,
        events: this.events,
        near: new Channel({ publish }),
        fences: transactions.fence,
      });
      this.near = parts.near;
      this.#replicated = parts.replicated;
      this.#store = parts.near?.store ?? parts.store;
    }
    this.engine = new CacheEngine({
      store: this.#store,
      clock,
      defaults: plan,
      limits,
      events: this.events,
      ...transactions,
    });
    this.manager = new CacheManager(this.engine);
    this.unitOfWork = transactions.unitOfWork ?? noUnitOfWork;
    this.queries = new QueryCache(this.manager);
    // In memory nobody sees keys; a secret that nobody knows is as good as any.
    const secret = this.connection === undefined ? { secret: randomUUID() } : {};
    const tally = tallyOn(this.connection, { redis, clock });
    const stores = semanticStores(this.connection, redis);
    this.models = new ModelCache({ engine: this.engine, clock, tally, stores }, { ...secret, ...model });
    this.limits = limitsOn(this.connection, { redis, rateLimit, clock, events: this.events });
    this.argumentKeys = new ArgumentKeys(keySecret === undefined ? {} : { secret: keySecret });
    this.connection?.events.on('ready', () => void this.engine.replay());
  }

  /** Where entries are: `redis`, `memory`, or `none` when it is turned off. */
  get store(): Store['kind'] {
    return this.#store.kind;
  }

  /** Where the entries are, for a line in the log; without credentials. */
  get description(): string {
    if (this.store === 'none') return 'turned off (every load runs)';
    return this.connection?.place ?? 'embedded in-memory store';
  }

  /** Connects to Redis; nothing to do in memory. @throws StoreUnavailableError when the first attempt fails */
  async connect(): Promise<void> {
    await this.connection?.connect();
    await Promise.all([this.near?.ready(), this.#replicated?.connect()]);
  }

  /** What can be counted or measured without asking anybody; cheap enough for every scrape. */
  metrics(): CacheMetric[] {
    const { connection, near, engine } = this;
    const ofCache = describeMetrics({
      counts: engine.counts,
      remembered: engine.remembered,
      flights: engine.flights,
      limits: this.limits.getStats(),
      connection: connection && {
        ready: connection.ready,
        breaker: connection.breaker.state,
        latencyMs: connection.latencyMs,
      },
      near: near?.facts,
      unconfirmed: this.#replicated?.unconfirmed,
    });
    return [...ofCache, ...describeSavings(this.models.savings.facts)];
  }

  /** How the cache does, measured now. */
  async health(): Promise<CacheHealth> {
    const { remembered } = this.engine;
    const { connection, store } = this;
    if (connection === undefined) {
      const { memory } = await this.engine.usage();
      return judgeHealth({ store, remembered, memory });
    }
    const answers = await connection.ping();
    // Who may not ask for INFO, or whom the breaker stops, gets no numbers; refusals and breaker are reasons of their own.
    const { memory, maxMemory, evictsAnyKey } = answers
      ? await connection.memory().catch(() => NOTHING_KNOWN)
      : NOTHING_KNOWN;
    const { place, lastError, latencyMs, breaker } = connection;
    const commandTimeoutMs = this.#commandTimeoutMs;
    const redis = {
      place,
      answers,
      lastError,
      latencyMs,
      commandTimeoutMs,
      breaker: breaker.state,
      refusals: connection.refusals.lately,
      maxMemory,
      limitsEvictable: evictsAnyKey && this.limits.getStats().decisions.length > 0,
      near: this.near?.facts,
      unconfirmed: this.#replicated?.unconfirmed ?? 0,
    };
    return judgeHealth({ store, remembered, memory, redis });
  }

  /** Tells Redis what it missed and was not told yet, as far as it answers, and closes the connection if it is ours. */
  async close(ms = 1_000): Promise<void> {
    await this.models.savings.close(ms);
    this.near?.stop();
    await Promise.all([this.engine.close(ms), this.limits.close()]);
    await this.connection?.quit(ms);
  }
}

function tallyOn(
  connection: RedisConnection | undefined,
  { redis, clock }: Pick<RedisSettings, 'redis' | 'clock'>,
): Tally {
  if (connection === undefined) return new MemoryTally(clock);
  return new RedisTally(connection, redis?.keyPrefix ?? REDIS_DEFAULTS.keyPrefix);
}

function semanticStores(connection: RedisConnection | undefined, redis: RedisOptions = {}): SemanticStores {
  const { keyPrefix: prefix = REDIS_DEFAULTS.keyPrefix } = redis;
  if (connection === undefined) return NO_STORES;
  return { journal: new RedisJournal(connection, prefix), vectorSets: new RedisVectorSets(connection, prefix) };
}

const NOTHING_KNOWN = { memory: 0, maxMemory: 0, evictsAnyKey: false };

interface RedisSettings extends Pick<ResolvedCacheOptions, 'redis' | 'l1' | 'coherence'> {
  readonly clock: Clock;
  readonly events: Channel<CacheEvents>;
  readonly near: Channel<NearEvents>;
  readonly fences: boolean;
}

/** The store on a connection, with what its options put before and beside it. */
function onRedis(connection: RedisConnection, settings: RedisSettings) {
  const { redis = {}, l1, coherence, clock, events, fences } = settings;
  const { keyPrefix: prefix = REDIS_DEFAULTS.keyPrefix, waitReplicas } = redis;
  const replicated =
    waitReplicas &&
    new ReplicatedWrites(connection, prefix, {
      ...waitReplicas,
      underReplicated: (facts) => events.emit('underReplicated', () => facts),
    });
  const store = new RedisStore(connection, prefix, { removals: replicated, fences });
  const near = l1 && new NearTier(connection, store, { ...l1, ...coherence, prefix, clock, events: settings.near });
  return { store, near, replicated };
}

interface LimitSettings extends Pick<ResolvedCacheOptions, 'redis' | 'rateLimit'> {
  readonly clock: Clock;
  readonly events: Channel<CacheEvents>;
}

/** Rate limits on a connection, or in memory. */
function limitsOn(connection: RedisConnection | undefined, settings: LimitSettings): RateLimits {
  const { redis = {}, rateLimit, clock, events } = settings;
  const { timeout, maxLocalKeys: maxKeys } = rateLimit;
  const prefix = rateLimit.keyPrefix ?? `rl:${redis.keyPrefix ?? REDIS_DEFAULTS.keyPrefix}`;
  const local = new MemoryLimitStore({ clock, maxKeys });
  const store = connection === undefined ? local : new RedisLimitStore(connection, { prefix, timeout });
  return new RateLimits({ store, local, clock, events }, rateLimit);
}
