import { createHash } from "node:crypto";
import type { CacheStore } from "../../caches/cache-store.ts";
import type { Options } from "../../config/options.ts";
import { CacheError, UsageError } from "../../model/errors.ts";
import type { Provider } from "../../providers/provider.ts";
import { type CheckedInput, rejectInvalid } from "./check-input.ts";
import type { Input } from "./input.ts";
import { checkRequests, createParser } from "./read-requests.ts";
import { readVersion } from "../version.ts";

/**
 * Reads a file whole and refuses it if a line cannot be sent. A file that was found good before, and has not changed since, is not read
 * for that again: a fifth of the time that it takes to resume a run whose answers are all there.
 *
 * @throws UsageError naming the lines that cannot be sent; or when what was found out cannot be kept in the cache.
 */
export async function checkWhole(
  input: Input,
  options: Options,
  provider: Provider,
  cache: CacheStore | undefined,
): Promise<CheckedInput> {
  if (!input.rereadable) {
    createParser(options); // throws what is wrong with the options
    return { idsAreUnique: false };
  }
  const note = await noteOf(input, options);
  try {
    const goodLines = note === undefined ? undefined : await cache?.getNote?.(note);
    if (goodLines !== undefined) return { total: atMost(Number(goodLines), options), idsAreUnique: true };
    const found = await checkRequests(input, options, provider);
    if (!options.skip_invalid) rejectInvalid(found);
    const { lines, invalid, tooLong } = found;
    if (invalid === 0 && note !== undefined) await cache?.setNote?.(note, String(lines));
    return { total: atMost(lines, options), idsAreUnique: invalid === 0, ...(tooLong.size > 0 && { tooLong }) };
  } catch (error) {
    if (error instanceof CacheError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/**
 * Names the file's content and all that decides what requests its lines make: the options and this version of the program.
 *
 * @returns undefined where the content may change unnoticed: pipes, files changed within the last seconds, lines that name local files.
 */
async function noteOf(input: Input, options: Options): Promise<string | undefined> {
  const { allow_files, cache, model, set, provider, provider_is_named, base_url, providers, routes } = options;
  const content = await input.version();
  if (cache !== "disk" || content === undefined || allow_files !== undefined) return undefined;
  const judges = JSON.stringify([readVersion(), model, set, provider, provider_is_named, base_url, providers, routes]);
  return `checked ${createHash("sha256").update(`${content}\n${judges}`).digest("base64url")}`;
}

function atMost(lines: number, { limit }: Options): number {
  return Math.min(lines, limit.lines ?? Infinity);
}
