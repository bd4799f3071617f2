/** The door of this room: whether to ask at all. */
export type { CacheStore } from "./cache-store.ts";
export { type DiskCache, type DiskCacheOptions, type DiskCacheStats, openDiskCache } from "./disk/open-disk-cache.ts";
export { Grouped } from "./grouped.ts";
export { createKeyvCache, type KeyvCacheOptions } from "./keyv.ts";
export { createMemoryCache, type MemoryCacheOptions } from "./memory.ts";
