import type { Options } from "../../config/options.ts";
import type { Inputs } from "../input/inputs.ts";
import { assertDistinctFiles } from "../files/distinct-files.ts";
import { resolveOutput } from "../files/resolve-output.ts";

export interface StatsPaths {
  readonly finished: string;
  /** Of a run that was stopped: the statistics beside the finished output stay as they are. A file that the user names is this run's. */
  readonly stopped: string;
}

/**
 * Chooses the file of statistics: `--stats`, else beside a regular output file, else none.
 *
 * @throws ConfigurationError when it cannot be written, or when two files of the run are the same: before the run, not at its end.
 */
export async function chooseStatsPaths(options: Options, inputs: Inputs): Promise<StatsPaths | undefined> {
  const stats = options.stats ?? (await besideOutput(options.output));
  const { output, errors, log } = options;
  await assertDistinctFiles({ inputs: inputs.files, output, errors, stats, log });
  if (stats === undefined) return undefined;
  await resolveOutput(stats);
  return { finished: stats, stopped: options.stats === undefined ? `${stats}.partial` : stats };
}

async function besideOutput(output: string | undefined): Promise<string | undefined> {
  if (output === undefined) return undefined;
  const resolved = await resolveOutput(output);
  return resolved.kind === "file" ? `${output}.stats.json` : undefined;
}
