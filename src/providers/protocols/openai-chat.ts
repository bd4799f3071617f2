import { items, member } from "../../json/json-value.ts";
import type { Failure } from "../../model/failure.ts";
import { readApiFailure } from "../failures/api-failure.ts";
import { textOf } from "../../model/content-text.ts";
import { brokenOff, isBrokenOff } from "./broken-off.ts";
import { chatStreaming } from "./openai-chat-stream.ts";
import { readCompletionUsage } from "./openai-usage.ts";
import type { HttpResponse, Protocol } from "../protocol.ts";

/** OpenAI Chat Completions (OpenAI API reference), which nearly every provider and local server speaks. */
export const openaiChat: Protocol = {
  path: "/v1/chat/completions",
  baseUrlHasVersion: true,
  headers: {},
  counting: "sum",
  readUsage: readCompletionUsage,
  readText: (body) => textOf(member(member(items(member(body, "choices"))[0], "message"), "content")),
  readFailure,
  streaming: chatStreaming,
};

/** A `finish_reason` of `length` or `content_filter` is an answer like any other, recorded as received. */
function readFailure(response: HttpResponse): Failure | undefined {
  const choices = items(member(response.body, "choices"));
  const failure = readApiFailure(response, () => choices.length > 0);
  const cutShort = choices.find((choice) => isBrokenOff(member(choice, "finish_reason"))); // no second list of millions
  const reason = member(cutShort, "finish_reason");
  return failure ?? (reason === undefined ? undefined : brokenOff(response, "finish_reason", reason));
}
