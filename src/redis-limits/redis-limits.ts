/** The door of this room: limits that several processes keep together. */
export { createRedisLimits, type RedisClient, type RedisLimitsOptions } from "./create-redis-limits.ts";
