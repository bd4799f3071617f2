/** The library's front door. */
export {
  type AnswerStream,
  type BatchOptions,
  type BatchResults,
  type BodyMembers,
  type BudgetStatus,
  type CallOptions,
  type CapStatus,
  type Completion,
  type CacheOutcome,
  type LiveCaching,
  type LiveAnswer,
  type LiveOptions,
  type Question,
  RequestManager,
  type RequestManagerOptions,
  type RunOptions,
  type StreamPiece,
} from "./manager/manager.ts";

export {
  APIKeyPool,
  Configuration,
  type ConfigurationContent,
  type ConfiguredModel,
  createProvider,
  type CreateProviderOptions,
  createRoutedProvider,
  type CreateRoutedProviderOptions,
  type LoadedProviders,
  loadProviders,
  type LoadProvidersOptions,
  openPrices,
  type OpenPricesOptions,
  type Route,
} from "./setup/setup.ts";
export {
  createHttpProvider,
  type HttpProviderOptions,
  presets,
  type Provider,
  type RoutableRequest,
  type RouteHook,
} from "./providers/providers.ts";
export {
  type BottleneckLimiterOptions,
  createBottleneckLimiter,
  createLimiter,
  type Limiter,
  type LimiterOptions,
  type LimiterStatus,
  type RateLimitStatus,
  type SharedLimits,
  TokenBucket,
} from "./limiters/limiters.ts";
export {
  type AnswerCache,
  CacheProvider,
  type CacheProviderOptions,
  type CacheStore,
  type StoredAnswer,
  createKeyvCache,
  createMemoryCache,
  DiskCache,
  type DiskCacheOptions,
  MemoryCache,
  type MemoryCacheOptions,
  openDiskCache,
} from "./caches/caches.ts";
export {
  type CreateOptions,
  LLMRequest,
  type LLMRequestOptions,
  Message,
  type MessageLike,
  type RequestBuilder,
  RequestBatch,
  requestId,
  requestKey,
  type RequestPlace,
} from "./library/library.ts";
export { createRedisLimits, type RedisClient, type RedisLimitsOptions } from "./redis-limits/redis-limits.ts";
export {
  createServer,
  type LiveCacheMode,
  type LiveServer,
  type ServerClient,
  type ResponseTimes,
  type ServedModel,
  type ServerOptions,
} from "./server/server.ts";
export { type AttemptSums, type AttemptSumsJson, TokenStats, type TokenStatsJson } from "./stats/stats.ts";
export { type ProgressStream, ProgressTracker, type ProgressTrackerOptions } from "./progress/progress.ts";
export { type MockServer, type MockServerOptions, startMockServer } from "./mock/mock.ts";
export {
  type BatchLine,
  type FormatOptions,
  formatResult,
  parseRequests,
  type RequestLike,
  RequestParser,
  splitLines,
} from "./jsonl/jsonl.ts";

export type { ModelResponse, Attempt, ErrorResponse } from "./model/attempt.ts";
export type { Cost, TokenCounting } from "./model/cost.ts";
export { type Asker, type Band, type Candidate, type Demand, demandOf, type Target } from "./model/demand.ts";
export {
  CacheError,
  OutputError,
  isLlmbatchError,
  LlmbatchError,
  RequestFailedError,
  RunStoppedError,
  type Stop,
  type StopReason,
  ConfigurationError,
} from "./model/errors.ts";
export type { LimiterEvent, Observer, RunEvent } from "./model/event.ts";
export type { Failure, FailureKind, Outage, TriedProvider } from "./model/failure.ts";
export type { LimitSource, LimitUnit, RateLimit, RateLimitReport } from "./model/rate-limit.ts";
export type { BatchInput, BatchRequest, InvalidLine } from "./model/request.ts";
export type {
  BatchResult,
  ErrorDetails,
  FailedLine,
  FailedResult,
  LineResult,
  SucceededLine,
  SucceededResult,
} from "./model/result.ts";
export type { Billing, Usage } from "./model/usage.ts";
export type { OwnPrice, PriceBook, PricedModel } from "./pricing/pricing.ts";
export { type CountedRequest, countTokens, estimateTokens } from "./tokens/tokens.ts";
export type { RetryPolicy } from "./retry/retry.ts";
