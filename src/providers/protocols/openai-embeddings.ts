import { items, member } from "../../json/json-value.ts";
import { readApiFailure } from "../failures/api-failure.ts";
import { readCompletionUsage } from "./openai-usage.ts";
import type { Protocol } from "../protocol.ts";

/** OpenAI Embeddings (OpenAI API reference). */
export const openaiEmbeddings: Protocol = {
  path: "/v1/embeddings",
  baseUrlHasVersion: true,
  headers: {},
  counting: "input",
  readUsage: readCompletionUsage,
  readFailure: (response) => readApiFailure(response, hasEmbeddings),
};

function hasEmbeddings(body: unknown): boolean {
  return items(member(body, "data")).length > 0;
}
