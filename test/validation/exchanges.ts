import type { ModelResponse } from "../../src/model/attempt.ts";
import type { BatchRequest } from "../../src/model/request.ts";
import { noUsage } from "../support/usage.ts";

export const paths = {
  chat: "/v1/chat/completions",
  completions: "/v1/completions",
  messages: "/v1/messages",
  responses: "/v1/responses",
} as const;

/** @param body Beside the model. */
export function requestTo(path: string, body: object): BatchRequest {
  return { kind: "request", lineNumber: 1, customId: "a", path, model: "m", body: JSON.stringify({ model: "m", ...body }) };
}

export function response(body: object, usage: Partial<ModelResponse["usage"]> = {}): ModelResponse {
  return { statusCode: 200, requestId: "req_1", body: JSON.stringify(body), usage: { ...noUsage, ...usage } };
}

/** A chat request whose answer is to match a schema. */
export function asking(schema: unknown, body: object = {}): BatchRequest {
  const format = { type: "json_schema", json_schema: { name: "answer", strict: true, schema } };
  return requestTo(paths.chat, { messages: [{ role: "user", content: "Hi" }], response_format: format, ...body });
}

/** An answer of Chat Completions with a choice for each message. */
export function chatResponse(...messages: readonly object[]): ModelResponse {
  const choices = messages.map((message, index) => ({
    index,
    message: { role: "assistant", ...message },
    finish_reason: "stop",
  }));
  return response({ object: "chat.completion", choices });
}

export function saying(content: string): ModelResponse {
  return chatResponse({ content, refusal: null });
}

export function chatCalling(name: string, args: unknown): ModelResponse {
  return chatResponse({ content: null, tool_calls: [{ id: "call_1", type: "function", function: { name, arguments: args } }] });
}

export function messageSaying(text: string): ModelResponse {
  return response({ type: "message", content: [{ type: "text", text }], stop_reason: "end_turn" });
}

export function messageCalling(input: unknown): ModelResponse {
  const call = { type: "tool_use", id: "toolu_1", name: "weather", input };
  return response({ type: "message", content: [{ type: "text", text: "Hm." }, call], stop_reason: "tool_use" });
}

export function outputSaying(text: string): ModelResponse {
  const output = [{ type: "reasoning", id: "rs_1", summary: [] }, outputMessage(text)];
  return response({ object: "response", status: "completed", output });
}

export function outputMessage(text: string, phase?: string): object {
  return { type: "message", role: "assistant", phase, content: [{ type: "output_text", text }] };
}

export function outputCalling(args: string): ModelResponse {
  const call = { type: "function_call", call_id: "call_1", name: "weather", arguments: args };
  return response({ status: "completed", output: [{ type: "web_search_call", id: "ws_1" }, call] });
}
