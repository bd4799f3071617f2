import type { RequestWalkOptions } from "./request-walk.ts";
import type { ResultQueueOptions } from "./result-queue.ts";
import type { MaxFailures } from "./stop-conditions.ts";

export interface RunOptions {
  readonly concurrency: number;
  readonly drainMs: number;
  readonly deadlineMs: number | undefined;
  readonly maxFailures: MaxFailures | undefined;
  readonly queue: ResultQueueOptions;
  readonly walk: Omit<RequestWalkOptions, "onAttempt" | "onCommitFailure" | "onOutage" | "waitSignal" | "attemptSignal">;
}

export type Inputs<Item> = AsyncIterable<Item> | Iterable<Item>;
