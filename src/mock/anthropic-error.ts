import { jsonType, type Reply } from "./reply.ts";

/** What Anthropic calls each status; others are an `api_error` (Anthropic API, errors). */
const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  529: "overloaded_error",
};

/** An error in Anthropic's shape: `{"type":"error","error":{"type","message"}}`. */
export function anthropicError(statusCode: number, message: string, headers: Readonly<Record<string, string>> = {}): Reply {
  const error = { type: types[statusCode] ?? "api_error", message };
  return { statusCode, contentType: jsonType, body: JSON.stringify({ type: "error", error }), headers };
}

/** The same error in Anthropic's shape; anything but an error of OpenAI's shape is left as it is. */
export function asAnthropicError(reply: Reply): Reply {
  if (reply.statusCode < 400) return reply;
  const body: { type?: unknown; error: { message: string } } = JSON.parse(reply.body);
  return body.type === "error" ? reply : anthropicError(reply.statusCode, body.error.message, reply.headers);
}
