import type { BatchResult } from "../../model/result.ts";

/**
 * Those of a group of results that may leave. A request that was cancelled has no result: it is left for the next run, and in order
 * nothing behind it can leave either.
 */
export function leavingResults(group: readonly BatchResult[], inOrder: boolean): readonly BatchResult[] {
  const gap = group.findIndex(wasCancelled);
  if (gap === -1) return group;
  return inOrder ? group.slice(0, gap) : group.filter((result) => !wasCancelled(result));
}

function wasCancelled(result: BatchResult): boolean {
  return result.status === "failed" && result.failure.kind === "cancelled";
}
