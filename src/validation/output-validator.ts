import type { AnswerCheck, ModelResponse } from "../model/attempt.ts";
import type { Failure } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";

/** Holds answers against the JSON schemas that their requests carry. Never throws. */
export interface OutputValidator {
  /** Why no answer to a request could be checked: its schema is none. Known before it is sent, and so before it costs anything. */
  refusal(request: BatchRequest): Failure | undefined;

  /** `incomplete_output` for an answer that was cut off, `schema_mismatch` for one that is not what was asked for. */
  readonly check: AnswerCheck;

  /**
   * The request, with an answer that `check` refused behind it, and turns that tell the model why. All else of its body stays byte for byte.
   *
   * @param request The original one: answers before the last are not repeated to the model.
   * @returns undefined for an API without turns.
   */
  repair(request: BatchRequest, response: ModelResponse): BatchRequest | undefined;
}
