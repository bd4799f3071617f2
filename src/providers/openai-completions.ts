import { readApiFailure } from "./api-failure.ts";
import { estimateInputAndOutput } from "./estimate.ts";
import { items, member } from "./json-value.ts";
import { readCompletionUsage } from "./openai-usage.ts";
import type { Protocol } from "./protocol.ts";

/** OpenAI Completions (OpenAI API reference): legacy there, in daily use for base models on vLLM and llama.cpp. */
export const openaiCompletions: Protocol = {
  path: "/v1/completions",
  baseUrlHasVersion: true,
  headers: {},
  estimate: estimateInputAndOutput,
  readUsage: readCompletionUsage,
  readFailure: (response) => readApiFailure(response, hasChoices),
};

function hasChoices(body: unknown): boolean {
  return items(member(body, "choices")).length > 0;
}
