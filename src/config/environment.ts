import { homedir } from "node:os";
import { join } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The only reader of the process's environment. */
export function readEnvironment(): Environment {
  return process.env;
}

/** The path of the disk cache. @param given The user's choice. */
export function cachePathOf(given: string | undefined, environment: Environment): string {
  if (given === undefined) return defaultCachePath(environment);
  return given.startsWith("~/") ? join(homedir(), given.slice(2)) : given;
}

/** In the user's cache folder (XDG Base Directory Specification). */
function defaultCachePath(environment: Environment): string {
  const configured = environment["XDG_CACHE_HOME"];
  const folder = configured === undefined || configured === "" ? join(homedir(), ".cache") : configured;
  return join(folder, "llmbatch", "cache.sqlite");
}
