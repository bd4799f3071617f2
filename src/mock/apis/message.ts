import type { JsonObject } from "../../json/json-value.ts";
import { countPromptTokens, readChatRequest, textOf } from "./chat-request.ts";
import { makeChoices } from "./choices.ts";
import { type Message, messageStream } from "./message-stream.ts";
import { countTokens } from "./mock-text.ts";
import { type Asked, missing, type Prepared } from "./prepared.ts";
import { jsonReply } from "../reply.ts";

/** Makes up the answer of `POST /v1/messages`, plain or as a stream (Anthropic API, messages). */
export function prepareMessage(model: string, body: JsonObject, { digest, bodyBytes }: Asked): Prepared {
  const request = readChatRequest({ ...body, n: 1 });
  if (!request.ok) return request;
  if (request.maxTokens === undefined) return missing("max_tokens");
  const systemCharacters = textOf({ content: body["system"] }).length;
  const promptTokens = countPromptTokens({ ...request, characters: request.characters + systemCharacters });
  const content: Message["content"][number][] = [];
  let [stopReason, completionTokens] = ["end_turn", 0];
  for (const choice of makeChoices(request, digest)) {
    content.push({ type: "text", text: choice.content });
    completionTokens += countTokens(choice.content.length);
    if (choice.finishReason === "length") stopReason = "max_tokens";
  }
  const message = {
    id: `msg_${digest.slice(0, 32)}`,
    type: "message",
    role: "assistant",
    model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: {
      input_tokens: promptTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: completionTokens,
    },
  };
  const reply = request.stream ? messageStream(message) : jsonReply(message);
  const demand = { inputTokens: countTokens(bodyBytes), maxOutputTokens: request.maxTokens };
  return { ok: true, model, demand, promptTokens, completionTokens, reply };
}
