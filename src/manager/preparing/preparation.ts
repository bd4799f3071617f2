import type { Overflow } from "../../context/context.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Sanitizing } from "../../sanitizing/sanitizing.ts";

/** A request made ready for its model, before it is named. */
export interface Preparation {
  /** As it is sent. */
  readonly request: BatchRequest;
  /** What was changed; absent of most. */
  readonly change?: RequestChange;
  /** What is odd about it, and was not changed; absent of most. */
  readonly warning?: PreparationWarning;
}

export interface RequestChange {
  /** Because the model is known to refuse it: `temperature`, `max_tokens -> max_completion_tokens`, `+max_tokens=4096`. */
  readonly sanitized: readonly string[];
  /** The oldest turns, because the request was too long: `messages[1]`. */
  readonly truncated: readonly string[];
}

export interface PreparationWarning {
  /** As its provider calls it. */
  readonly model: string;
  /** It is too long for its model, as it is sent. */
  readonly overflow: Overflow | undefined;
  /** What its model is known to refuse. */
  readonly refused: readonly Sanitizing[];
}
