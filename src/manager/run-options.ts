import type { RequestWalkOptions } from "./request-walk.ts";
import type { ResultQueueOptions } from "./queues/result-queue.ts";
import type { RunStopOptions } from "./stops/run-stop.ts";

export interface RunOptions {
  readonly concurrency: number;
  readonly stop: RunStopOptions;
  readonly queue: ResultQueueOptions;
  readonly walk: RequestWalkOptions;
}

export type Inputs<Item> = AsyncIterable<Item> | Iterable<Item>;
