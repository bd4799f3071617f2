import type { Failure } from "./failure.ts";
import type { BatchResult } from "./result.ts";
import type { Usage } from "./usage.ts";

/**
 * What a run calls out while it works. Observers are called synchronously on the hot path and must return at once; what they
 * throw ends the run as a bug.
 */
export type RunEvent =
  | { readonly type: "request-start"; readonly customId: string; readonly lineNumber: number }
  | {
      readonly type: "attempt-start";
      readonly customId: string;
      readonly lineNumber: number;
      /** 1 for the first. */
      readonly attempt: number;
    }
  | {
      readonly type: "attempt-end";
      readonly customId: string;
      readonly lineNumber: number;
      readonly attempt: number;
      readonly durationMs: number;
      /** What the attempt used, also when it failed after being billed. */
      readonly usage?: Usage;
      readonly failure?: Failure;
    }
  | {
      readonly type: "retry-wait";
      readonly customId: string;
      readonly lineNumber: number;
      /** The attempt that failed. */
      readonly attempt: number;
      readonly waitMs: number;
      readonly failure: Failure;
    }
  | {
      /** Everyone on that provider waits. Called out once per episode. */
      readonly type: "pause";
      readonly provider: string;
      readonly pauseMs: number;
      readonly reason: string;
    }
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "request-end"; readonly result: BatchResult };

export type Observer = (event: RunEvent) => void;
