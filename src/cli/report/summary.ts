import { summarize, type TokenStats } from "../../stats/stats.ts";
import { formatRows } from "../../text/format-rows.ts";
import { printable } from "../../text/printable.ts";
import { describePlace, type Locate, locateInOnlyInput } from "../input/locate.ts";

/** The run's files, as far as they were written. */
interface SummaryPaths {
  readonly outputPath?: string | undefined;
  readonly errorsPath?: string | undefined;
  readonly statsPath?: string | undefined;
  readonly logPath?: string | undefined;
  readonly bodiesPath?: string | undefined;
}

/**
 * Summarises a run and names its files, without a final line feed. Call `stats.end()` first.
 *
 * @param locate Finds the first line of each kind of failure.
 */
export function formatSummary(stats: TokenStats, paths: SummaryPaths = {}, locate: Locate = locateInOnlyInput): string {
  const rows = [
    ["output", paths.outputPath],
    ["errors", paths.errorsPath],
    ["stats", paths.statsPath],
    ["log", paths.logPath],
    ["bodies", paths.bodiesPath],
  ] as const;
  const files = rows.flatMap(([name, path]) => (path === undefined ? [] : [[name, printable(path)] as const]));
  const summary = summarize(stats.toJSON(), (lineNumber) => describePlace(locate(lineNumber)));
  return [summary, ...(files.length > 0 ? [formatRows(files)] : [])].join("\n");
}
