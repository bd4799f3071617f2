import type { Options } from "../../config/options.ts";
import type { Input } from "../input/input.ts";
import { assertDistinctFiles } from "../files/distinct-files.ts";
import { resolveOutput } from "../files/resolve-output.ts";

/**
 * Where the statistics go: where the user says, else beside a regular output file, else nowhere.
 *
 * @throws UsageError when they cannot be written there, or two files of the run are one: better found out now than when it ends.
 */
export async function chooseStatsPath(options: Options, input: Input): Promise<string | undefined> {
  const stats = options.stats ?? (await besideOutput(options.output));
  if (stats !== undefined) await resolveOutput(stats);
  const { output, errors, log } = options;
  await assertDistinctFiles({ input: input.rereadable ? input.name : undefined, output, errors, stats, log });
  return stats;
}

async function besideOutput(output: string | undefined): Promise<string | undefined> {
  if (output === undefined) return undefined;
  const target = await resolveOutput(output);
  return target.kind === "file" ? `${output}.stats.json` : undefined;
}
