// The public API of @mobius1/cache. Programs without Nest import '@mobius1/cache/standalone'.

// Module
export { CacheModule, type CacheModuleOptions, type CacheOptionsFactory } from './nest/cache.module.js';
export type { CacheOptions, L1Options } from './instance/cache-options.js';
export type { Coherence } from './core/store.js';
export type { CoherenceOptions } from './drivers/near/near-tier.js';
export type { RedisNode, RedisOptions, WaitReplicasOptions } from './drivers/redis-options.js';
export type { MemoryStoreOptions } from './drivers/memory-store.js';
export { CACHE_INSTANCE } from './nest/tokens.js';
export type { CacheInstance } from './instance/cache-instance.js';

// Services
export {
  CacheManagerService,
  ModelCacheService,
  QueryCacheService,
  RateLimitService,
  RedisService,
} from './nest/services.js';
export type { ModelMetadata, RefusalReason } from './features/model/admission.js';
export type { ModelQuestion } from './features/model/model-key.js';
export type { ModelCacheOptions } from './features/model/model-options.js';
export type { ModelEncryption } from './features/model/sealing.js';
export type { ModelStats } from './features/model/model-stats.js';
export { ModelStreamError } from './features/model/stream/errors.js';
export { ModelStream } from './features/model/stream/model-stream.js';
export type { ReplayPace } from './features/model/stream/replay.js';
export type { StreamSource } from './features/model/stream/source.js';
export type { ModelStreamRequest } from './features/model/stream/streams.js';
export type { Money, SavingsCounts } from './features/model/savings/amounts.js';
export type { ModelPrice, ModelPrices } from './features/model/savings/prices.js';
export type { SavingsOptions } from './features/model/savings/savings-options.js';
export type { Savings, SavingsGroup, SavingsQuery, SavingsRow } from './features/model/savings/savings-report.js';
export type { TokensByKind, TokenUsage } from './features/model/savings/tokens.js';
export type { GateTable } from './features/model/semantic/gate-table.js';
export type { SplitInput } from './features/model/semantic/last-user-text.js';
export { ngramEmbedder, type NgramEmbedderOptions } from './features/model/semantic/ngram-embedder.js';
export type { Embedder, SemanticOptions } from './features/model/semantic/semantic-options.js';
export type { SemanticPartition, SemanticStats } from './features/model/semantic/semantic-stats.js';
export {
  InferenceAbandonedError,
  type ModelAnswer,
  type ModelControls,
  type ModelGetOptions,
  type ModelHit,
  type ModelInference,
  type ModelRequest,
  type ModelSetOptions,
  type ModelStored,
  type ModelWarmUp,
  NotCachedError,
} from './features/model/model-types.js';
export type { ListPage, QueryOptions, QueryStats, WarmUpQuery } from './features/query/query-cache.js';
export type {
  EstimateFor,
  RateLimitAlgorithm,
  RateLimitBlock,
  RateLimitCheckOptions,
  RateLimitDecision,
  RateLimitOptions,
  RateLimitOutage,
  RateLimitPolicy,
  RateLimitResult,
  RateLimitSlot,
  RateLimitSource,
  RateLimitTarget,
  ReserveOptions,
  SettledAnswer,
  Settlement,
  TokenReservation,
} from './features/rate-limit/limit-types.js';
export type { RateLimitOutcome, RateLimitStats } from './features/rate-limit/limit-stats.js';
export type { RedisInfo } from './instance/redis-handle.js';
export type { CacheStats } from './features/manager/cache-manager.js';
export type {
  CacheEntry,
  FeatureOptions,
  GetOptions,
  IncrementOptions,
  InvalidateOptions,
  NamespaceOption,
} from './features/manager/manager-options.js';
export type { LoadOptions, StoreOptions } from './core/options.js';
export type { Loaded } from './core/batch-load.js';
export type { KeyExplanation } from './core/explain.js';
export { CacheKeys, DefaultTTL, type KeyPart } from './features/manager/cache-keys.js';

// Decorators
export { Cacheable, CachePut } from './nest/decorators/cached-method.js';
export { CacheModel, type CacheModelOptions } from './nest/decorators/cache-model.js';
export { CacheInvalidate, type CacheInvalidateOptions } from './nest/decorators/cache-invalidate.js';
export type {
  CacheableOptions,
  CachedMethodOptions,
  MethodDecoratorFor,
  Of,
} from './nest/decorators/method-options.js';

// Limits of routes
export {
  type PartialRateLimitRule,
  RateLimit,
  type RateLimitRule,
  SkipRateLimit,
} from './nest/rate-limit/rate-limit.decorator.js';
export { answerRateLimit } from './nest/rate-limit/answer-rate-limit.js';
export { RateLimitGuard } from './nest/rate-limit/rate-limit.guard.js';
export { RateLimitException, type RateLimitFacts } from './nest/rate-limit/rate-limit.exception.js';
export { type RateLimitCaller, RateLimitKeys } from './nest/rate-limit/rate-limit-keys.js';
export type { RateLimitCallers, RateLimitModuleOptions } from './nest/rate-limit/rate-limit-module-options.js';
export type {
  CallerIdentity,
  Identified,
  OnMissing,
  RateLimitBy,
  ReadCaller,
} from './nest/rate-limit/caller-identity.js';
export type { LimitedCall, LimitedRequest, LimitedTransport } from './nest/rate-limit/limited-call.js';
export type { RequestReport, RuleOutcome } from './nest/rate-limit/counted-requests.js';
export { RateLimitThrottlerStorage, type ThrottlerRecord } from './nest/rate-limit/throttler-storage.js';
export type { ReadyRule } from './nest/rate-limit/rule-book.js';

// Health and events
export { CacheHealthIndicator, RedisHealthIndicator } from './nest/health.js';
export type { CacheHealth, CacheHealthStatus } from './instance/cache-health.js';
export type { CacheMetric } from './instance/cache-metrics.js';
export type { RefusalKind } from './drivers/refusals.js';
export type { CacheEvents, Outcome } from './core/events.js';

// Values
export { registerValueType } from './core/codec/value-types.js';

// Errors
export {
  BatchLoadError,
  CacheDecoratorError,
  CounterConflictError,
  DamagedValueError,
  InvalidKeyError,
  InvalidValueError,
  LoadTimeoutError,
  RecursiveLoadError,
  RedisNotConfiguredError,
  StoreUnavailableError,
} from './core/errors.js';
export { CodedError, type Duration, InvalidOptionsError } from '@mobius1/kernel';
