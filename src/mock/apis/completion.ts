import type { JsonObject } from "../../json/json-value.ts";
import { type ChatRequest, readChatRequest } from "./chat-request.ts";
import { type Choice, makeChoices } from "./choices.ts";
import { creationSeconds } from "./creation-time.ts";
import { countTokens } from "./mock-text.ts";
import { type Asked, invalid, missing, type Mistake, type Prepared } from "./prepared.ts";
import { eventStreamType, jsonReply, type Reply } from "../reply.ts";

/** Makes up the answer of `POST /v1/completions`, plain or as a stream (OpenAI API reference): of several prompts, one after the other. */
export function prepareCompletion(model: string, body: JsonObject, { digest, bodyBytes }: Asked): Prepared {
  const requests = readCompletionRequest(body);
  if ("ok" in requests) return requests;
  const choices = requests.flatMap((request) => makeChoices(request, digest));
  const promptTokens = sum(requests.map(({ characters }) => countTokens(characters)));
  const completionTokens = sum(choices.map(({ content }) => countTokens(content.length)));
  const [first] = requests;
  const maxOutputTokens = first?.maxTokens === undefined ? undefined : first.maxTokens * choices.length;
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  const head = { id: `cmpl-${digest.slice(0, 32)}`, object: "text_completion", created: creationSeconds(digest), model };
  const reply = first?.stream
    ? completionStream(head, choices, first.includeUsage ? usage : undefined)
    : jsonReply({ ...head, choices: choices.map(choiceOf), usage });
  return {
    ok: true,
    model,
    demand: { inputTokens: countTokens(bodyBytes), maxOutputTokens },
    promptTokens,
    completionTokens,
    reply,
  };
}

/** Each prompt as the chat request that asks the same. */
function readCompletionRequest(body: JsonObject): readonly ChatRequest[] | Mistake {
  const { prompt } = body;
  if (prompt === undefined) return missing("prompt");
  const prompts = textsOf(prompt);
  if (prompts === undefined) return invalid("prompt", "a text, an array of texts, or tokens");
  const requests: ChatRequest[] = [];
  for (const content of prompts) {
    const { max_tokens, n, stream, stream_options } = body;
    const request = readChatRequest({ messages: [{ role: "user", content }], max_tokens, n, stream, stream_options });
    if (!request.ok) return request;
    requests.push(request);
  }
  return requests;
}

/** Tokens are taken for texts of their numbers. */
function textsOf(prompt: unknown): string[] | undefined {
  if (typeof prompt === "string") return [prompt];
  if (!Array.isArray(prompt) || prompt.length === 0) return undefined;
  if (prompt.every((token) => typeof token === "number")) return [prompt.join(" ")];
  const texts = prompt.flatMap((item: unknown) =>
    Array.isArray(item) ? [item.join(" ")] : typeof item === "string" ? [item] : [],
  );
  return texts.length === prompt.length ? texts : undefined;
}

function choiceOf({ content, finishReason }: Choice, index: number): object {
  return { text: content, index, logprobs: null, finish_reason: finishReason };
}

/** A word at a time, then the usage if it was asked for, then `[DONE]`. All of it is sent at once. */
function completionStream(head: object, choices: readonly Choice[], usage: object | undefined): Reply {
  let body = "";
  const add = (members: object): void => {
    body += `data: ${JSON.stringify({ ...head, ...members })}\n\n`;
  };
  const noUsage = usage === undefined ? {} : { usage: null };
  for (const [index, { content, finishReason }] of choices.entries()) {
    for (const text of content.match(/\s*\S+/g) ?? [])
      add({ choices: [{ text, index, logprobs: null, finish_reason: null }], ...noUsage });
    add({ choices: [{ text: "", index, logprobs: null, finish_reason: finishReason }], ...noUsage });
  }
  if (usage !== undefined) add({ choices: [], usage });
  body += "data: [DONE]\n\n";
  return { statusCode: 200, contentType: eventStreamType, body };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
