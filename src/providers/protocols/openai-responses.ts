import { count, member } from "../../json/json-value.ts";
import { readApiFailure } from "../failures/api-failure.ts";
import { responsesStreaming } from "./openai-responses-stream.ts";
import type { Protocol } from "../protocol.ts";
import type { Usage } from "../../model/usage.ts";

/**
 * OpenAI Responses (OpenAI API reference). A response that `failed` comes with HTTP 200 and an `error` object; one that is
 * `incomplete` (its token limit reached, or filtered) is an answer.
 */
export const openaiResponses: Protocol = {
  path: "/v1/responses",
  baseUrlHasVersion: true,
  isBesideDeployments: true,
  headers: {},
  counting: "sum",
  readUsage,
  readFailure: (response) => readApiFailure(response, isResponse),
  streaming: responsesStreaming,
};

function readUsage(body: unknown): Usage {
  const usage = member(body, "usage");
  return {
    promptTokens: count(member(usage, "input_tokens")),
    completionTokens: count(member(usage, "output_tokens")),
    cachedTokens: count(member(member(usage, "input_tokens_details"), "cached_tokens")),
    reasoningTokens: count(member(member(usage, "output_tokens_details"), "reasoning_tokens")),
  };
}

/** `failed` without an `error` object, and `cancelled`, are no answers either. */
function isResponse(body: unknown): boolean {
  const status = member(body, "status");
  return status !== "failed" && status !== "cancelled" && Array.isArray(member(body, "output"));
}
