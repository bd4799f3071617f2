import type { Failure } from "../model/failure.ts";
import type { Choice, ToolCall } from "./answer-choices.ts";

/** What is wrong with an answer. */
export interface Finding {
  readonly failure: Failure;
  /** The one of its choices that is wrong; absent where the answer was not read, or was cut off. */
  readonly choice?: Choice;
  /** The call that is wrong; absent where it is the text. */
  readonly call?: ToolCall;
}
