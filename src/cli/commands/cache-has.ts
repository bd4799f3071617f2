import { existsSync } from "node:fs";
import { type CacheStore, findAnswers, isCacheAddress } from "../../caches/caches.ts";
import { type Environment, readEnvironment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import type { Options } from "../../config/options.ts";
import { isIdOfAnyProvider, keyStartOf, RequestNames } from "../../manager/manager.ts";
import { ConfigurationError } from "../../model/errors.ts";
import type { BatchInput } from "../../model/request.ts";
import { describeProviders, openCacheForReading, openConfiguredPrices } from "../../setup/setup.ts";
import { exitCodes } from "../exit-codes.ts";
import { createQuietPreparer } from "../input/fit-check.ts";
import { openInputs } from "../input/inputs.ts";
import { startReading } from "../input/read-requests.ts";
import { printError } from "../terminal/print-error.ts";
import { formatCount } from "../../text/format-numbers.ts";
import { printable } from "../../text/printable.ts";

/**
 * `llmbatch cache has`: says what a run with the same options would find in its cache. Needs no key. Writes to stdout.
 *
 * @param name A file, the id of a result, or the key of an answer.
 * @returns the exit code: 0 when all is there, 1 when not.
 * @throws ConfigurationError for an id that says nothing of the cache.
 */
export async function cacheHasCommand(
  name: string,
  flags: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
): Promise<number> {
  if (isIdOfAnyProvider(name) && !existsSync(name)) throw new ConfigurationError(ofAnyProvider);
  const environment = readEnvironment();
  const options = loadOptions(flags, configFile, environment, printError);
  const keyStart = existsSync(name) ? undefined : keyStartOf(name);
  if (keyStart === undefined && name !== "-" && !existsSync(name))
    throw new ConfigurationError(
      `cache has: there is no file ${name}, and it is neither the id of a result nor the key of an answer`,
    );
  if (keyStart !== undefined && isCacheAddress(options.cache_path))
    throw new ConfigurationError("cache has: an id leads to an answer in the disk cache only; name a file of its lines");
  const cache = await openCacheForReading({ ...options, cache: "disk" }, environment, printError);
  try {
    const isComplete =
      keyStart === undefined
        ? await saysOfFile(name, cache, options, environment)
        : saysOfId(name, cache !== undefined && "existsAt" in cache && (await cache.existsAt(keyStart)));
    return isComplete ? exitCodes.succeeded : exitCodes.someFailed;
  } finally {
    await cache?.close();
  }
}

const ofAnyProvider =
  "cache has: a RequestBatch gave this id before its provider was known, so it leads to no answer. " +
  "Name a file of its lines (batch.toJSONL()), or ask in a program: cache.exists(requestKey(request, { provider }))";

function saysOfId(id: string, isThere: boolean): boolean {
  process.stdout.write(`${id}: ${isThere ? "in the cache" : "not in the cache"}\n`);
  return isThere;
}

async function saysOfFile(
  name: string,
  cache: CacheStore | undefined,
  options: Options,
  environment: Environment,
): Promise<boolean> {
  const input = await openInputs([name], process.stdin);
  try {
    const provider = describeProviders(options, environment);
    const names = new RequestNames(provider, options.dedupe);
    const prices = options.context === "truncate" ? await openConfiguredPrices(options, environment) : undefined;
    const preparer = createQuietPreparer(options, provider, prices);
    const keyOf = (line: BatchInput): string[] =>
      line.kind === "request" ? [names.name(preparer.prepare(line).request).key] : [];
    let lines = 0;
    let found = 0;
    for await (const group of await startReading(input, { ...options, checked: { idsAreUnique: false } }, provider, () => {})) {
      const inputs = [...group];
      lines += inputs.length;
      found += await countFound(cache, inputs.flatMap(keyOf));
    }
    process.stdout.write(`${printable(name)}: ${formatCount(found)} of ${formatCount(lines)} lines are in the cache\n`);
    return found === lines;
  } finally {
    await input.close();
  }
}

async function countFound(cache: CacheStore | undefined, keys: readonly string[]): Promise<number> {
  if (cache === undefined) return 0;
  let found = 0;
  for await (const answer of findAnswers(cache, keys)) if (answer !== undefined) found += 1;
  return found;
}
