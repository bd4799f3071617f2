import { existsSync } from "node:fs";
import {
  type CacheAddress,
  type CacheStore,
  createMemoryCache,
  DiskStore,
  type DiskStoreOptions,
  isCacheAddress,
  openDiskCache,
  openSharedCache,
  parseCacheAddress,
  type SharedStore,
} from "../caches/caches.ts";
import { cachePathOf, type Environment } from "../config/environment.ts";
import type { Options } from "../config/options.ts";
import { CacheError, ConfigurationError } from "../model/errors.ts";
import { isLoopback } from "../sockets/loopback.ts";

type CacheOptions = Pick<Options, "cache" | "cache_path" | "cache_ttl" | "max_cache_size" | "allow_http">;

/** @throws ConfigurationError when the cache cannot be used, so that the run ends before anything is sent. */
export async function openCache(
  options: CacheOptions,
  environment: Environment,
  onWarning: (message: string) => void,
): Promise<CacheStore | undefined> {
  const { cache, cache_path: path } = options;
  if (cache === "none") return undefined;
  if (cache === "memory") return createMemoryCache(boundsOf(options));
  if (isCacheAddress(path)) return openShared({ ...options, cache_path: path }, onWarning);
  return openDisk({ path: cachePathOf(path, environment), ...boundsOf(options), onWarning });
}

/** Writes nothing. @returns undefined where there is no cache yet: none is made. @throws ConfigurationError as `openCache` does. */
export async function openCacheForReading(
  options: CacheOptions,
  environment: Environment,
  onWarning: (message: string) => void,
): Promise<DiskStore | SharedStore | undefined> {
  const { cache_path: given, cache_ttl: ttlMs } = options;
  if (isCacheAddress(given)) return openShared({ ...options, cache_path: given }, onWarning, { readOnly: true });
  const path = cachePathOf(given, environment);
  return existsSync(path) ? openDisk({ path, readOnly: true, ...(ttlMs !== undefined && { ttlMs }), onWarning }) : undefined;
}

/**
 * For a server: a request goes on without a cache that fails.
 *
 * @param isRarelyUsed Whether its clients may never ask for it: a file is opened when it is first used.
 * @throws ConfigurationError as `openCache` does.
 */
export async function openLiveCache(
  options: CacheOptions,
  environment: Environment,
  onWarning: (message: string) => void,
  isRarelyUsed: boolean,
): Promise<CacheStore | undefined> {
  const { cache, cache_path: path } = options;
  if (cache !== "disk") return openCache(options, environment, onWarning);
  if (isCacheAddress(path)) return openShared({ ...options, cache_path: path }, onWarning, { isLive: true });
  const disk = { path: cachePathOf(path, environment), ...boundsOf(options), onWarning };
  return isRarelyUsed ? new DiskStore(disk) : openDisk(disk);
}

function boundsOf({ cache_ttl: ttlMs, max_cache_size: maxBytes }: CacheOptions): {
  readonly ttlMs?: number;
  readonly maxBytes?: number;
} {
  return { ...(ttlMs !== undefined && { ttlMs }), ...(maxBytes !== undefined && { maxBytes }) };
}

/** @throws ConfigurationError when it cannot be used. */
export function openDisk(options: DiskStoreOptions): Promise<DiskStore> {
  return openDiskCache(options).catch(asConfigurationError);
}

/** @throws ConfigurationError when it cannot be used; before any connection, when it would carry prompts and answers in clear. */
export async function openShared(
  options: Omit<CacheOptions, "cache" | "cache_path"> & { readonly cache_path: string },
  onWarning: (message: string) => void,
  how: { readonly readOnly?: boolean; readonly isLive?: boolean } = {},
): Promise<SharedStore> {
  const { cache_path: path, cache_ttl: ttlMs, max_cache_size: maxBytes, allow_http: allowsPlain } = options;
  if (maxBytes !== undefined)
    throw new ConfigurationError("--max-cache-size is for files: a server's memory is limited by its own settings");
  const address = parseCacheAddress(path);
  if (!allowsPlain) refusePlain(address);
  return openSharedCache({ address, ...how, onWarning, ...(ttlMs !== undefined && { ttlMs }) }).catch(asConfigurationError);
}

function refusePlain({ kind, shown, hostname, isEncrypted }: CacheAddress): void {
  if (isEncrypted || hostname === undefined || isLoopback(hostname)) return;
  const remedy = kind === "redis" ? "Use rediss://" : "Add ?sslmode=verify-full";
  throw new ConfigurationError(
    `the cache ${shown} is on another machine, and ${kind === "redis" ? "redis://" : "without TLS the connection"} would show password, prompts ` +
      `and answers to every machine on the way. ${remedy}, or a tunnel to this machine (such as ssh -L), or, if you trust that network, ` +
      "allow it with --allow-http.",
  );
}

function asConfigurationError(error: unknown): never {
  if (error instanceof CacheError) throw new ConfigurationError(error.message, { cause: error });
  throw error;
}
