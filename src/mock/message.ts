import { countPromptTokens, readChatRequest, textOf } from "./chat-request.ts";
import { makeChoices } from "./choices.ts";
import { countTokens } from "./practice-text.ts";
import type { Asked, JsonObject, Prepared } from "./prepared.ts";
import { invalid, missing } from "./prepared.ts";
import { jsonReply } from "./reply.ts";

/** Makes up the answer of `POST /v1/messages`, not as a stream (Anthropic API, messages). */
export function prepareMessage(model: string, body: JsonObject, { digest, bodyBytes }: Asked): Prepared {
  const request = readChatRequest({ ...body, n: 1 });
  if (!request.ok) return request;
  if (request.maxTokens === undefined) return missing("max_tokens");
  if (request.stream) return invalid("stream", "false: this practice provider streams chat completions only");
  const systemCharacters = textOf({ content: body["system"] }).length;
  const promptTokens = countPromptTokens({ ...request, characters: request.characters + systemCharacters });
  const content: object[] = [];
  let [stopReason, completionTokens] = ["end_turn", 0];
  for (const choice of makeChoices(request, digest)) {
    content.push({ type: "text", text: choice.content });
    completionTokens += countTokens(choice.content.length);
    if (choice.finishReason === "length") stopReason = "max_tokens";
  }
  const reply = jsonReply({
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
  });
  const demand = { inputTokens: countTokens(bodyBytes), maxOutputTokens: request.maxTokens };
  return { ok: true, model, demand, promptTokens, completionTokens, reply };
}
