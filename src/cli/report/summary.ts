import type { TokenStats } from "../../stats/stats.ts";
import { formatRows } from "../../text/format-rows.ts";
import { printable } from "../../text/printable.ts";

/** The run's files, as far as they were written. */
interface SummaryPaths {
  readonly outputPath?: string | undefined;
  readonly errorsPath?: string | undefined;
  readonly statsPath?: string | undefined;
  readonly logPath?: string | undefined;
}

/** Summarises a run and names its files, without a final line feed. Call `stats.end()` first. */
export function formatSummary(stats: TokenStats, paths: SummaryPaths = {}): string {
  const rows = [
    ["output", paths.outputPath],
    ["errors", paths.errorsPath],
    ["stats", paths.statsPath],
    ["log", paths.logPath],
  ] as const;
  const files = rows.flatMap(([name, path]) => (path === undefined ? [] : [[name, printable(path)] as const]));
  return [stats.toString(), ...(files.length > 0 ? [formatRows(files)] : [])].join("\n");
}
