import { type CacheStore, createMemoryCache, type DiskStore, type DiskStoreOptions, openDiskCache } from "../caches/caches.ts";
import { cachePathOf, type Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import { CacheError, ConfigurationError } from "../model/errors.ts";

/** @throws ConfigurationError when the cache cannot be used, so that the run ends before anything is sent. */
export async function openCache(
  options: Options,
  environment: Environment,
  onWarning: (message: string) => void,
): Promise<CacheStore | undefined> {
  const bounds = {
    ...(options.cache_ttl !== undefined && { ttlMs: options.cache_ttl }),
    ...(options.max_cache_size !== undefined && { maxBytes: options.max_cache_size }),
  };
  if (options.cache === "none") return undefined;
  if (options.cache === "memory") return createMemoryCache(bounds);
  return openDisk({ path: cachePathOf(options.cache_path, environment), ...bounds, onWarning });
}

/** @throws ConfigurationError when it cannot be used. */
export async function openDisk(options: DiskStoreOptions): Promise<DiskStore> {
  try {
    return await openDiskCache(options);
  } catch (error) {
    if (error instanceof CacheError) throw new ConfigurationError(error.message, { cause: error });
    throw error;
  }
}
