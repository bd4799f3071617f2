/** The door of this room: when a request may start, and at which target. */
export { type BottleneckLimiterOptions, createBottleneckLimiter } from "./bottleneck.ts";
export { createLimiter, type LimiterOptions } from "./create-limiter.ts";
export type { Blocker, Limiter, LimiterStatus, LimitStatus, RateLimitStatus } from "./limiter.ts";
export { admissionLimit } from "./limits/configured-limit.ts";
export type { Limit } from "./limits/limit.ts";
export { LimitSet } from "./limits/limit-set.ts";
export { TokenBucket } from "./limits/token-bucket.ts";
export { sharedPaceOf, type SharedBucket, type SharedQuota } from "./limits/shared-pace.ts";
export { addWeights, subtractWeights } from "./limits/weights.ts";
export type {
  LimitScope,
  ScopedLimit,
  SharedLease,
  SharedLimits,
  SharedLimitsListener,
  SharedLimitStatus,
  SharedTarget,
  Taken,
} from "./shared-limits.ts";
