import type { CacheStore } from "../caches/cache-store.ts";
import type { Options } from "../config/options.ts";
import { CacheError, UsageError } from "../model/errors.ts";
import type { Provider } from "../providers/provider.ts";
import { type CheckedInput, refuseInvalid } from "./check-input.ts";
import type { Input } from "./input.ts";
import { notableContentOf, noteKey } from "./input-notes.ts";
import { checkRequests, createParser } from "./requests.ts";

/**
 * Reads a file whole and refuses it if a line cannot be sent. A file that was found good before, and has not changed since, is not read
 * for that again: a fifth of the time that it takes to resume a run whose answers are all there.
 *
 * @param openCache Where notes of that are kept; closed again, because what a check takes goes back to the system only when no memory
 *   that was taken later is in its way.
 * @throws UsageError naming the lines that cannot be sent; or when what was found out cannot be kept in the cache.
 */
export async function checkWhole(
  input: Input,
  options: Options,
  provider: Provider,
  openCache: () => Promise<CacheStore | undefined>,
): Promise<CheckedInput> {
  if (!input.rereadable) {
    createParser(options); // throws what is wrong with the options
    return { idsAreUnique: false };
  }
  const content = await notableContentOf(input, options);
  if (content === undefined) return check(input, options, provider);
  const note = `checked ${noteKey(options, content)}`;
  const cache = await openCache();
  try {
    const linesFoundGood = await cache?.getNote?.(note);
    if (linesFoundGood !== undefined) return { total: atMost(Number(linesFoundGood), options), idsAreUnique: true };
    return await check(input, options, provider, (lines) => cache?.setNote?.(note, String(lines)));
  } catch (error) {
    if (error instanceof CacheError) throw new UsageError(error.message, { cause: error });
    throw error;
  } finally {
    await cache?.close();
  }
}

/** @param onGood Hears how many lines a file has of which each can be sent. */
async function check(
  input: Input,
  options: Options,
  provider: Provider,
  onGood?: (lines: number) => Promise<void> | undefined,
): Promise<CheckedInput> {
  const found = await checkRequests(input, options, provider);
  if (!options.skip_invalid) refuseInvalid(found);
  const { lines, invalid, tooLong } = found;
  if (invalid === 0) await onGood?.(lines);
  return { total: atMost(lines, options), idsAreUnique: invalid === 0, ...(tooLong.size > 0 && { tooLong }) };
}

function atMost(lines: number, { limit }: Options): number {
  return Math.min(lines, limit.lines ?? Infinity);
}
