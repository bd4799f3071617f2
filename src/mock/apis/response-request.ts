import { isJsonObject, type JsonObject } from "../../json/json-value.ts";
import { type ChatRequest, readChatRequest } from "./chat-request.ts";
import { invalid, missing, type Mistake } from "./prepared.ts";

/** Reads the body of `POST /v1/responses` (OpenAI API reference) as the chat request that asks the same. */
export function readResponseRequest(body: JsonObject): ChatRequest | Mistake {
  const { input, instructions, max_output_tokens: limit, text } = body;
  if (input === undefined) return missing("input");
  const items = itemsOf(input);
  if (items === undefined) return invalid("input", "a text, or an array of at least one item");
  if (limit !== undefined && limit !== null && !(Number.isSafeInteger(limit) && Number(limit) >= 1))
    return invalid("max_output_tokens", "a whole number of at least 1");
  const messages = typeof instructions === "string" ? [{ role: "system", content: instructions }, ...items] : items;
  const format = isJsonObject(text) ? text["format"] : undefined;
  return readChatRequest({ messages, max_completion_tokens: limit, response_format: format, stream: body["stream"] });
}

function itemsOf(input: unknown): JsonObject[] | undefined {
  if (typeof input === "string") return [{ role: "user", content: input }];
  return Array.isArray(input) && input.length > 0 && input.every(isJsonObject) ? input : undefined;
}
