import { userInfo } from "node:os";
import { join } from "node:path";
import { ConfigurationError } from "../model/errors.ts";
import { closestTo } from "../model/closest.ts";
import { environmentVariableOf, optionTable } from "./option-table.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The only reader of the process's environment. */
export function readEnvironment(): Environment {
  return process.env;
}

/** A warning for each variable that has our prefix and no effect: it is probably mistyped. */
export function unknownVariables(environment: Environment): string[] {
  const keys = optionTable.map(({ key }) => key);
  const known = new Set(keys.map(environmentVariableOf));
  const unknown = Object.keys(environment).filter((name) => name.startsWith(variablePrefix) && !known.has(name));
  return unknown.map((name) => {
    const option = closestTo(name.slice(variablePrefix.length).toLowerCase(), keys);
    const hint = option === undefined ? "" : `; did you mean ${environmentVariableOf(option)}?`;
    return `the environment variable ${name} has no effect: no option has that name${hint}`;
  });
}

const variablePrefix = environmentVariableOf("");

/** The path of the disk cache. @param given The user's choice. @throws ConfigurationError when it is in a home folder that there is not. */
export function cachePathOf(given: string | undefined, environment: Environment): string {
  if (given === undefined) return defaultCachePath(environment);
  return given.startsWith("~/") ? join(homeOf(environment), given.slice(2)) : given;
}

/** In the user's cache folder (XDG Base Directory Specification). */
function defaultCachePath(environment: Environment): string {
  const configured = environment["XDG_CACHE_HOME"];
  const folder = configured === undefined || configured === "" ? join(homeOf(environment), ".cache") : configured;
  return join(folder, "llmbatch", "cache.sqlite");
}

/** A container's user may have neither the variable nor an entry in /etc/passwd. */
function homeOf(environment: Environment): string {
  const home = environment["HOME"];
  if (home !== undefined && home !== "") return home;
  try {
    return userInfo().homedir;
  } catch (error) {
    throw new ConfigurationError(
      "there is no home folder for the cache: HOME is not set, and this user has no entry in /etc/passwd; name a file with --cache-path, or set HOME or XDG_CACHE_HOME",
      { cause: error },
    );
  }
}
