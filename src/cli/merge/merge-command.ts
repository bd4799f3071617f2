import { readFile, rm } from "node:fs/promises";
import { parseJson } from "../../json/json-value.ts";
import { ConfigurationError, errorCode } from "../../model/errors.ts";
import { CleanupStack } from "../commands/cleanup-stack.ts";
import { exitCodes } from "../exit-codes.ts";
import { assertDistinctFiles } from "../files/distinct-files.ts";
import { resolveOutput } from "../files/resolve-output.ts";
import { asConfigurationError } from "../files/system-error.ts";
import { type Inputs, openInputs } from "../input/inputs.ts";
import { openOutput } from "../output/open-output.ts";
import { writeFileAtomically } from "../output/write-atomically.ts";
import { printError } from "../terminal/print-error.ts";
import { indexParts, type Merged, mergeResults } from "./merge-results.ts";
import { sumStats } from "./merge-stats.ts";
import { PartFile } from "./part-file.ts";
import { maxParts } from "./result-index.ts";
import { formatAmount, formatCount } from "../../text/format-numbers.ts";

export interface MergeFlags {
  /** A file with the lines that were asked. */
  readonly order?: string;
  readonly output?: string;
}

const maxWindowBytes = 256 * 1024;
/** Of all parts together. */
const allWindowBytes = 32 * 1024 * 1024;

/**
 * `llmbatch merge`: makes one file of results of several, by `custom_id`.
 *
 * @returns the exit code: 1 when a line has no result.
 * @throws ConfigurationError when a file cannot be used; then nothing was written.
 */
export async function mergeCommand(
  names: readonly string[],
  { order: orderName, output: outputName }: MergeFlags,
): Promise<number> {
  if (names.length > maxParts) throw new ConfigurationError(`merge takes ${maxParts} files at most: merge some of them first`);
  const cleanups = new CleanupStack();
  try {
    const order = orderName === undefined ? undefined : await openInputs([orderName], process.stdin);
    if (order !== undefined) cleanups.defer(() => order.close());
    const windowBytes = Math.min(maxWindowBytes, Math.floor(allWindowBytes / names.length));
    const parts = names.map((name) => {
      const part = new PartFile(name, windowBytes);
      cleanups.defer(() => part.close());
      return part;
    });
    const statsName = await statsNameOf(outputName);
    await assertDistinctFiles({ inputs: [...names, ...(order?.files ?? [])], output: outputName, stats: statsName });
    const index = indexParts(parts);
    if (index.size === 0) throw new ConfigurationError(`${names.join(", ")} hold no results: nothing was written`);
    const stats = statsName === undefined ? undefined : await readAllStats(names);
    const output = await openOutput(outputName);
    cleanups.defer(() => output.discard());
    const merged = await mergeResults(parts, index, order, output, printError);
    if (output.readerGone) return exitCodes.succeeded;
    for (const part of parts) part.assertUnchanged();
    await output.finish();
    report(merged, order);
    if (statsName !== undefined && stats !== undefined) await writeStats(stats, statsName);
    return merged.missing.count === 0 ? exitCodes.succeeded : exitCodes.someFailed;
  } finally {
    await cleanups.closeAll();
  }
}

function report({ written, lines, missing, doubles, unknown }: Merged, order: Inputs | undefined): void {
  printError(`merged ${formatAmount(written, "result")}`);
  if (missing.count > 0)
    printError(`${formatCount(missing.count)} of ${formatCount(lines)} lines of ${order?.name} have no result: ${missing}`);
  if (doubles.count > 0)
    printError(
      `left out ${formatAmount(doubles.count, "result")} of a custom_id that has another; the first that succeeded stays: ${doubles}`,
    );
  if (unknown.count > 0) printError(`left out ${formatAmount(unknown.count, "result")} of no line of ${order?.name}: ${unknown}`);
}

/** Beside a regular file, as `run` writes them. */
async function statsNameOf(output: string | undefined): Promise<string | undefined> {
  const isFile = output !== undefined && (await resolveOutput(output)).kind === "file";
  return isFile ? `${output}.stats.json` : undefined;
}

/** Of each file; undefined where there are none. */
type AllStats = ReadonlyMap<string, unknown>;

/** @throws ConfigurationError when a file of them cannot be read. */
async function readAllStats(names: readonly string[]): Promise<AllStats> {
  const files = names.map((name) => `${name}.stats.json`);
  return new Map(await Promise.all(files.map(async (file) => [file, await readStats(file)] as const)));
}

/** Older ones would be of other results. */
async function writeStats(stats: AllStats, statsName: string): Promise<void> {
  const sum = sumStats([...stats.values()]);
  if (sum !== undefined) return writeFileAtomically(statsName, `${JSON.stringify(sum, null, 2)}\n`);
  await rm(statsName, { force: true });
  const lacking = [...stats].filter(([, content]) => content === undefined).map(([file]) => file);
  if (lacking.length === stats.size) return;
  const whose = lacking.length > 0 ? `there is no ${lacking.join(", ")}` : "one is none of a run";
  printError(`the statistics of the parts were not summed, and ${statsName} was not written: ${whose}`);
}

async function readStats(path: string): Promise<unknown> {
  try {
    return parseJson(await readFile(path, "utf8"));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw asConfigurationError(`cannot read ${path}`, error);
  }
}
