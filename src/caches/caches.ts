/** The door of this room: whether to ask at all. */
export type { AnswerCache, CacheStore, StoredAnswer } from "./cache-store.ts";
export { DiskCache, type DiskCacheOptions } from "./disk/disk-cache.ts";
export { type DiskCacheStats, DiskStore } from "./disk/disk-store.ts";
export type { DiskStoreOptions } from "./disk/open-database.ts";
export { openDiskCache } from "./disk/open-disk-cache.ts";
export { type CacheAddress, isCacheAddress, parseCacheAddress } from "./shared/cache-address.ts";
export { openSharedCache } from "./shared/open-shared-cache.ts";
export type { SharedStore } from "./shared/shared-store.ts";
export { findAnswers } from "./find-answers.ts";
export { Grouped } from "./grouped.ts";
export { CacheProvider, type CacheProviderOptions, createKeyvCache } from "./keyv.ts";
export { createMemoryCache, MemoryCache, type MemoryCacheOptions } from "./memory.ts";
