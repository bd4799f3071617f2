import { createHash } from "node:crypto";
import type { CacheStore } from "../../caches/caches.ts";
import type { Options } from "../../config/options.ts";
import { CacheError, ConfigurationError } from "../../model/errors.ts";
import type { Provider } from "../../providers/providers.ts";
import { type CheckedInput, rejectInvalid, type RequestLooks } from "./check-input.ts";
import type { Inputs } from "./inputs.ts";
import { countOwn } from "./own-lines.ts";
import { checkRequests, createParser } from "./read-requests.ts";
import { readVersion } from "../version.ts";

/**
 * Checks every line of files before anything is sent. The disk cache keeps a note of files whose lines are all in order: unchanged, they
 * are not checked again, which saves a fifth of the time of a run whose answers are all cached.
 *
 * @param looks Its `findProblem` may say otherwise the next time: no note is kept of what that finds.
 * @throws ConfigurationError naming the invalid lines, or when the cache fails.
 */
export async function checkWhole(
  inputs: Inputs,
  options: Options,
  provider: Provider,
  cache: CacheStore | undefined,
  warn: (warning: string) => void,
  looks: RequestLooks = {},
): Promise<CheckedInput> {
  if (!inputs.rereadable) {
    createParser(options, provider); // throws if the options are wrong
    return { idsAreUnique: false };
  }
  const note = looks.findProblem === undefined ? await noteOf(inputs, options) : undefined;
  try {
    const validLines = note === undefined ? undefined : await cache?.getNote?.(note);
    if (validLines !== undefined) return { total: limited(Number(validLines), options), idsAreUnique: true };
    const found = await checkRequests(inputs, options, provider, looks);
    if (!options.skip_invalid) rejectInvalid(found);
    const { lines, invalid, tooLong, warnings } = found;
    for (const warning of warnings) warn(warning);
    if (invalid === 0 && warnings.length === 0 && note !== undefined) await cache?.setNote?.(note, String(lines));
    const ifAny = tooLong.size > 0 && { tooLong };
    return { total: limited(lines, options), idsAreUnique: invalid === 0, hasWarned: true, ...ifAny };
  } catch (error) {
    if (error instanceof CacheError) throw new ConfigurationError(error.message, { cause: error });
    throw error;
  }
}

/**
 * The note's name: the file's content, and the options and the version of the program that decide what requests its lines become.
 *
 * @returns undefined where the content may change unnoticed: pipes, files changed within the last seconds, lines that name local files, a file of prices.
 */
async function noteOf(inputs: Inputs, options: Options): Promise<string | undefined> {
  const { allow_files, cache, model, set, provider, provider_is_named, base_url, providers, routes } = options;
  const { context, sanitize, prices, prices_file } = options;
  const content = await inputs.version();
  if (cache !== "disk" || content === undefined || allow_files !== undefined || prices_file !== undefined) return undefined;
  const asked = [model, set, provider, provider_is_named, base_url, providers, routes, context, sanitize, prices];
  const rules = JSON.stringify([readVersion(), ...asked]);
  return `checked ${createHash("sha256").update(`${content}\n${rules}`).digest("base64url")}`;
}

/** Those that the run sends. */
function limited(lines: number, { head, shard }: Options): number {
  return countOwn(Math.min(lines, head), shard);
}
