import type { JsonObject } from "../../json/json-value.ts";
import { countPromptTokens, readChatRequest } from "./chat-request.ts";
import { type AnswerHead, chatStream } from "./chat-stream.ts";
import { type Choice, makeChoices } from "./choices.ts";
import { creationSeconds } from "./creation-time.ts";
import { countTokens } from "./mock-text.ts";
import type { Asked, Prepared } from "./prepared.ts";
import { jsonType, type Reply } from "../reply.ts";

/** Makes up the answer of `POST /v1/chat/completions`, plain or as a stream (OpenAI API reference). */
export function prepareChat(model: string, body: JsonObject, { digest, bodyBytes }: Asked): Prepared {
  const request = readChatRequest(body);
  if (!request.ok) return request;
  const choices = makeChoices(request, digest);
  const promptTokens = countPromptTokens(request);
  let completionTokens = 0;
  for (const { content } of choices) completionTokens += countTokens(content.length);
  const maxOutputTokens = request.maxTokens === undefined ? undefined : request.maxTokens * request.choices;
  const usage = usageText(promptTokens, completionTokens);
  const head = { id: `chatcmpl-${digest.slice(0, 32)}`, created: creationSeconds(digest), model };
  const reply = request.stream
    ? chatStream(head, choices, request.includeUsage ? usage : undefined)
    : plainAnswer(head, choices, usage);
  const demand = { inputTokens: countTokens(bodyBytes), maxOutputTokens };
  return { ok: true, model, demand, promptTokens, completionTokens, reply };
}

// JSON is put together as text where only a few members vary: it takes half the time, and this is the larger part of what a request costs.

function usageText(promptTokens: number, completionTokens: number): string {
  const totals = `"prompt_tokens":${promptTokens},"completion_tokens":${completionTokens},"total_tokens":${promptTokens + completionTokens}`;
  return `{${totals},${usageDetails}}`;
}

const usageDetails = JSON.stringify({
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: 0,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
}).slice(1, -1);

function plainAnswer({ id, created, model }: AnswerHead, choices: readonly Choice[], usage: string): Reply {
  const head = `"id":"${id}","object":"chat.completion","created":${created},"model":${JSON.stringify(model)}`;
  const body = `{${head},"choices":[${choices.map(choiceText).join(",")}],"usage":${usage},"service_tier":"default"}`;
  return { statusCode: 200, contentType: jsonType, body };
}

function choiceText({ content, finishReason }: Choice, index: number): string {
  const message = `{"role":"assistant","content":${JSON.stringify(content)},"refusal":null}`;
  return `{"index":${index},"message":${message},"logprobs":null,"finish_reason":"${finishReason}"}`;
}
