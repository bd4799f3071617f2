import type { ModelResponse, ErrorResponse } from "./attempt.ts";
import type { Failure } from "./failure.ts";

interface ResultOfLine {
  /** `batch_req_…`, derived from the request, so the same from run to run. */
  readonly id: string;
  readonly customId: string;
  readonly lineNumber: number;
  /** JSON text from the input line. */
  readonly metadata?: string;
}

export interface SucceededResult extends ResultOfLine {
  readonly status: "succeeded";
  readonly response: ModelResponse;
  /** Where the answer came from: asked for now, recalled from the cache, or shared with an identical request (`dedupe`). */
  readonly source: "asked" | "cache" | "shared";
  /** HTTP calls made for it in this run; 0 unless asked now. */
  readonly attempts: number;
}

export interface FailedResult extends ResultOfLine {
  readonly status: "failed";
  readonly failure: Failure;
  readonly response?: ErrorResponse;
  readonly attempts: number;
}

/** What became of one line of input. */
export type BatchResult = SucceededResult | FailedResult;
