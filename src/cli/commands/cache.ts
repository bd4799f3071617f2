import { existsSync } from "node:fs";
import { type DiskStore, isCacheAddress, parseCacheAddress } from "../../caches/caches.ts";
import { cachePathOf, readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { openDisk, openShared } from "../../setup/setup.ts";
import { printable } from "../../text/printable.ts";
import { printError } from "../terminal/print-error.ts";
import { exitCodes } from "../exit-codes.ts";
import { formatAmount, formatCount } from "../../text/format-numbers.ts";

type CacheAction = "stats" | "path" | "prune" | "clear";

/** `llmbatch cache …`: looks after the disk cache; of one on a server it knows the address, and empties it. Writes to stdout. @returns the exit code. */
export async function cacheCommand(
  action: CacheAction,
  olderThanMs: number | undefined,
  flags: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
): Promise<number> {
  const environment = readEnvironment();
  const { cache_path: given, allow_http: allowsPlain } = loadOptions(flags, configFile, environment, printError);
  if (isCacheAddress(given)) return sharedCacheCommand(action, given, allowsPlain);
  const path = cachePathOf(given, environment);
  if (action === "path") {
    process.stdout.write(`${process.stdout.isTTY ? printable(path) : path}\n`); // a script takes it as it is
    return exitCodes.succeeded;
  }
  if (!existsSync(path)) {
    process.stdout.write(`${printable(path)}: no cache yet\n`);
    return exitCodes.succeeded;
  }
  const cache = await openDisk({ path, onWarning: printError });
  try {
    process.stdout.write(await act(cache, action, olderThanMs, path));
    return exitCodes.succeeded;
  } finally {
    await cache.close();
  }
}

async function sharedCacheCommand(action: CacheAction, path: string, allowsPlain: boolean): Promise<number> {
  const { shown } = parseCacheAddress(path);
  if (action === "path") process.stdout.write(`${printable(shown)}\n`);
  else if (action === "clear") {
    const cache = await openShared({ cache_path: path, allow_http: allowsPlain }, printError);
    try {
      await cache.clear();
    } finally {
      await cache.close();
    }
    process.stdout.write("all answers removed\n");
  } else
    throw new ConfigurationError(
      `cache ${action} is for the disk cache; of ${shown} the server's own tools tell, and a Redis drops what has expired`,
    );
  return exitCodes.succeeded;
}

async function act(
  cache: DiskStore,
  action: Exclude<CacheAction, "path">,
  olderThanMs: number | undefined,
  path: string,
): Promise<string> {
  switch (action) {
    case "stats":
      return describe(await cache.stats(), path);
    case "prune":
      return `${formatAmount(await cache.prune(olderThanMs === undefined ? {} : { olderThanMs }), "answer")} removed\n`;
    case "clear":
      return `${formatAmount(await cache.clear(), "answer")} removed\n`;
  }
}

function describe(stats: Awaited<ReturnType<DiskStore["stats"]>>, path: string): string {
  const rows = [
    ["file", printable(path)],
    ["answers", formatCount(stats.entries)],
    ["expired", formatCount(stats.expired)],
    ["size", `${(stats.bytes / 1e6).toFixed(1)} MB`],
    ["oldest", formatTime(stats.oldestStoredAt)],
    ["newest", formatTime(stats.newestStoredAt)],
  ];
  return rows.map(([name = "", value]) => `${name.padEnd(9)}${value}\n`).join("");
}

function formatTime(time: number | undefined): string {
  return time === undefined ? "-" : new Date(time).toISOString();
}
