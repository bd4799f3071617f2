/** The door of this room: one file shared by many machines. */
export { createRedisLimits, type RedisClient, type RedisLimitsOptions } from "./limits/redis-limits.ts";
export { type FleetAddress, parseAddress } from "./redis/address.ts";
export { type FleetPackages, loadPackages } from "./redis/packages.ts";
