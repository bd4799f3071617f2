import { createHash } from "node:crypto";
import type { Options } from "../config/options.ts";
import type { Input } from "./input.ts";
import { readVersion } from "./version.ts";

/**
 * Names the content of a file of which something may be noted in the cache for the next run.
 *
 * @returns undefined where there is no place for notes, or it may change unnoticed what lines mean.
 */
export async function notableContentOf(input: Input, options: Options): Promise<string | undefined> {
  if (options.cache !== "disk") return undefined;
  if (options.allow_files !== undefined) return undefined; // lines are as good as the files that they name
  return input.version();
}

/** Stands for some texts, and for all else that decides on what requests lines make: these options, this version of the program. */
export function noteKey(options: Options, ...texts: readonly string[]): string {
  const { model, set, provider, provider_is_named, base_url, providers, routes } = options;
  const judges = JSON.stringify([readVersion(), model, set, provider, provider_is_named, base_url, providers, routes]);
  return createHash("sha256")
    .update([...texts, judges].join("\n"))
    .digest("base64url");
}
