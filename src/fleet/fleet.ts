export { createRedisLimits, type RedisLimitsOptions } from "./limits/redis-limits.ts";
