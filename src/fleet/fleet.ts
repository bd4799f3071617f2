export { createRedisLimits, type RedisClient, type RedisLimitsOptions } from "./limits/redis-limits.ts";
