import type { JsonObject } from "../../json/json-value.ts";
import { countPromptTokens } from "./chat-request.ts";
import { makeChoices } from "./choices.ts";
import { creationSeconds } from "./creation-time.ts";
import { countTokens } from "./mock-text.ts";
import type { Asked, Prepared } from "./prepared.ts";
import { jsonReply } from "../reply.ts";
import { readResponseRequest } from "./response-request.ts";
import { type OutputMessage, responseStream } from "./response-stream.ts";

/** Makes up the answer of `POST /v1/responses`, plain or as a stream (OpenAI API reference). Nothing is stored. */
export function prepareResponse(model: string, body: JsonObject, { digest, bodyBytes }: Asked): Prepared {
  const request = readResponseRequest(body);
  if (!request.ok) return request;
  const promptTokens = countPromptTokens(request);
  const output: OutputMessage[] = [];
  let [isCut, completionTokens] = [false, 0];
  for (const { content, finishReason } of makeChoices(request, digest)) {
    isCut = finishReason === "length";
    output.push(outputMessage(digest, content, isCut));
    completionTokens += countTokens(content.length);
  }
  const response = {
    id: `resp_${digest.slice(0, 32)}`,
    object: "response",
    created_at: creationSeconds(digest),
    status: isCut ? ("incomplete" as const) : ("completed" as const),
    background: false,
    error: null,
    incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
    ...settingsOf(body),
    model,
    output,
    usage: {
      input_tokens: promptTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: completionTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: promptTokens + completionTokens,
    },
  };
  const reply = request.stream ? responseStream(response) : jsonReply(response);
  const demand = { inputTokens: countTokens(bodyBytes), maxOutputTokens: request.maxTokens };
  return { ok: true, model, demand, promptTokens, completionTokens, reply };
}

function outputMessage(digest: string, text: string, isCut: boolean): OutputMessage {
  const content = [{ type: "output_text", annotations: [], logprobs: [], text }] as const;
  const status = isCut ? "incomplete" : "completed";
  return { id: `msg_${digest.slice(0, 32)}`, type: "message", status, content, role: "assistant" };
}

/** What a response repeats of its request; for what that leaves out, the defaults of the API. */
function settingsOf(body: JsonObject): JsonObject {
  const defaults: JsonObject = {
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
  };
  return Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, body[key] ?? value]));
}
