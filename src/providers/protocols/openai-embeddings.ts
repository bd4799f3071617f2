import { items, member, parseJson } from "../../json/json-value.ts";
import { lastValueText } from "../../json/json-text.ts";
import { maxEmbeddingsBytes } from "../body-limits.ts";
import { readApiFailure } from "../failures/api-failure.ts";
import { readEmbeddingUsage } from "./openai-usage.ts";
import type { Protocol } from "../protocol.ts";

/** OpenAI Embeddings (OpenAI API reference). */
export const openaiEmbeddings: Protocol = {
  path: "/v1/embeddings",
  baseUrlHasVersion: true,
  headers: {},
  counting: "input",
  readUsage: readEmbeddingUsage,
  readFailure: (response) => readApiFailure(response, (body) => embeddings(body).length > 0),
  findLack,
  maxBodyBytes: maxEmbeddingsBytes,
};

function embeddings(body: unknown): readonly unknown[] {
  return items(member(body, "data"));
}

function findLack(body: unknown, requestBody: string): string | undefined {
  const asked = countInputs(requestBody);
  const { length } = embeddings(body);
  return length < asked ? `${length} embeddings came for ${asked} inputs` : undefined;
}

/** A list of numbers is one text, in tokens. */
function countInputs(requestBody: string): number {
  const inputs = items(parseJson(lastValueText(requestBody, "input") ?? ""));
  return typeof inputs[0] === "number" ? 1 : inputs.length;
}
