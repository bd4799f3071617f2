import type { BudgetStatus } from "../../manager/manager.ts";
import type { TokenStats } from "../../stats/stats.ts";
import { formatCount, formatUsd } from "../../text/format-numbers.ts";

/** The lines that a used-up budget leaves, and what they would take if they were like those before. */
export function describeLeft(stats: TokenStats, { costUsd, tokens }: BudgetStatus, isWholeKnown: boolean): string {
  const left = stats.requestsSkipped;
  const lines = `${isWholeKnown ? "" : "at least "}${formatCount(left)} ${left === 1 ? "line is" : "lines are"} left`;
  const answered = stats.requestsCompleted - stats.cacheHits - stats.deduplicated + stats.linesPaidBefore;
  if (answered === 0) return `${lines}; what they would take is not known, as none was answered`;
  const times = left / answered;
  const cost = costUsd && `cost ${formatUsd(costUsd.spent * times)}`;
  const took = tokens && `take ${formatCount(tokens.spent * times)} tokens`;
  const would = [cost, took].filter((text) => text !== undefined).join(" and ");
  return `${lines}; at the mean of the ${formatCount(answered)} that were answered, they would ${would}`;
}
