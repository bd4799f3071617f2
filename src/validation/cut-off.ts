import { lastValueText } from "../json/json-text.ts";
import { limitEndings, type ModelResponse } from "../model/attempt.ts";
import type { Failure } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";

/** Anthropic, Mistral. */
const contextEndings: readonly string[] = ["model_context_window_exceeded", "model_length"];

/** Whether an answer ended so because there was no room for more. @param ending `finish_reason`, `stop_reason` or what is like it. */
export function isCutOffBy(ending: string): boolean {
  const reason = ending.toLowerCase();
  return limitEndings.includes(reason) || contextEndings.includes(reason);
}

const cutOffSign = new RegExp(`reason"\\s*:\\s*"(?:${[...limitEndings, ...contextEndings].join("|")})"`, "i");

/** Whether it can be, without parsing it: most answers are not. An argument of a tool may be called `reason`, too. */
export function mayBeCutOff({ body }: ModelResponse): boolean {
  return cutOffSign.test(body);
}

/** Under which names requests limit their answers. */
const limitNames = ["max_completion_tokens", "max_output_tokens", "max_tokens"];

/** Asked again with the same limit, the answer would be cut off, and paid, again. */
export function cutOff({ body }: BatchRequest, { usage, statusCode }: ModelResponse, ending: string): Failure {
  const { where, remedy } = contextEndings.includes(ending.toLowerCase()) ? contextEnd : limitOf(body);
  const reasoning = usage.reasoningTokens > 0 ? `, ${usage.reasoningTokens} of them reasoning` : "";
  const message = `the answer was cut off ${where} (${usage.completionTokens} tokens came${reasoning}): ${remedy}`;
  return { kind: "incomplete_output", message, retryable: false, statusCode };
}

interface Limit {
  readonly where: string;
  readonly remedy: string;
}

const contextEnd: Limit = { where: "where the model's context window ends", remedy: "send a shorter request" };

/** The one that the request sets. */
function limitOf(body: string): Limit {
  for (const name of limitNames) {
    const limit = lastValueText(body, name)?.trim();
    if (limit === undefined || limit === "null") continue;
    return { where: `at its ${name} of ${limit}`, remedy: `raise ${name}, or ask for less` };
  }
  return { where: "at the model's own limit of tokens", remedy: "ask for less" };
}
