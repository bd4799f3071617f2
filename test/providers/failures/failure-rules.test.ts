import { describe, expect, it } from "vitest";
import type { FailureKind } from "../../../src/model/failure.ts";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { responseOf, responseOfText } from "../../contracts/protocol.ts";

type Row = readonly [name: string, status: number, body: unknown, kind: FailureKind, retryable: boolean];

const gemini429 = (quotaId: string): unknown => ({
  error: {
    code: 429,
    message: "You exceeded your current quota, please check your plan and billing details.",
    status: "RESOURCE_EXHAUSTED",
    details: [
      { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId }] },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "21s" },
    ],
  },
});

const tooLarge = (limit: number, requested: number): unknown => ({
  error: {
    message: `Request too large for gpt-x in organization org-1 on tokens per min (TPM): Limit ${limit}, Requested ${requested}. Visit …`,
    type: "tokens",
    code: "rate_limit_exceeded",
  },
});

const anthropic = (type: string, message = "words", details?: object): unknown => ({
  type: "error",
  error: { type, message, ...(details && { details }) },
  request_id: "req_1",
});

const rows: readonly Row[] = [
  // OpenAI
  ["wrong key", 401, { error: { code: "invalid_api_key", type: "invalid_request_error" } }, "authentication", false],
  ["country", 403, { error: { code: "unsupported_country_region_territory", type: "request_forbidden" } }, "permission", false],
  ["no such model", 404, { error: { code: "model_not_found", type: "invalid_request_error" } }, "model_not_found", false],
  ["quota used up", 429, { error: { code: "insufficient_quota", type: "insufficient_quota" } }, "insufficient_quota", false],
  ["billing limit", 429, { error: { code: "billing_hard_limit_reached" } }, "insufficient_quota", false],
  ["rate limit", 429, { error: { code: "rate_limit_exceeded", type: "requests" } }, "rate_limit", true],
  ["flex tier", 429, { error: { message: "Resource Unavailable" } }, "rate_limit", true],
  ["more tokens than the limit has", 429, tooLarge(10000, 12000), "context_length_exceeded", false],
  ["fewer tokens than the limit has", 429, tooLarge(10000, 9000), "rate_limit", true],
  ["too large in the text alone", 429, { error: { message: "Request too large: Limit 1, Requested 2" } }, "rate_limit", true],
  ["prompt too long", 400, { error: { code: "context_length_exceeded" } }, "context_length_exceeded", false],
  ["bad parameter", 400, { error: { type: "invalid_request_error", param: "temperature" } }, "invalid_request", false],
  ["policy", 400, { error: { code: "content_policy_violation" } }, "content_filter", false],
  ["server error", 500, { error: { type: "server_error" } }, "server_error", true],
  ["server error that blames the request", 500, { error: { type: "invalid_request_error" } }, "server_error", true],
  ["bad parameter as a 500", 500, { error: { code: "unsupported_parameter", param: "top_k" } }, "invalid_request", false],
  ["bad parameter as a 200", 200, { error: { code: "invalid_value", message: "no" } }, "invalid_request", false],
  ["slow down", 503, { error: { message: "Slow Down", type: "service_unavailable" } }, "overloaded", true],
  ["overloaded engine", 503, { error: { message: "The engine is currently overloaded" } }, "overloaded", true],
  // Azure
  [
    "Azure filter",
    400,
    { error: { code: "content_filter", param: "prompt", status: 400, innererror: { code: "ResponsibleAIPolicyViolation" } } },
    "content_filter",
    false,
  ],
  [
    "Azure filter, inner code only",
    400,
    { error: { innererror: { code: "ResponsibleAIPolicyViolation" } } },
    "content_filter",
    false,
  ],
  ["Azure rate limit", 429, { error: { code: "429", message: "Requests to … have exceeded …" } }, "rate_limit", true],
  ["Azure deployment", 404, { error: { code: "DeploymentNotFound" } }, "model_not_found", false],
  // Anthropic
  ["Anthropic key", 401, anthropic("authentication_error"), "authentication", false],
  ["Anthropic billing", 402, anthropic("billing_error"), "insufficient_quota", false],
  ["Anthropic permission", 403, anthropic("permission_error"), "permission", false],
  ["Anthropic model", 404, anthropic("not_found_error"), "not_found", false],
  ["Anthropic conflict", 409, anthropic("conflict_error"), "server_error", true],
  ["Anthropic size", 413, anthropic("request_too_large"), "context_length_exceeded", false],
  [
    "Anthropic prompt",
    400,
    anthropic("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"),
    "context_length_exceeded",
    false,
  ],
  ["Anthropic request", 400, anthropic("invalid_request_error", "max_tokens: required"), "invalid_request", false],
  ["Anthropic rate limit", 429, anthropic("rate_limit_error"), "rate_limit", true],
  [
    "spend limit",
    429,
    anthropic("rate_limit_error", "x", { error_code: "enforced_spend_limit_reached" }),
    "insufficient_quota",
    false,
  ],
  [
    "contract limit",
    429,
    anthropic("rate_limit_error", "x", { error_code: "contract_spend_limit_reached" }),
    "insufficient_quota",
    false,
  ],
  ["ramp limit", 429, anthropic("rate_limit_error", "x", { error_code: "ramp_limit_exceeded" }), "rate_limit", true],
  ["on hold", 400, anthropic("invalid_request_error", "x", { error_code: "organization_on_hold" }), "permission", false],
  ["Anthropic error", 500, anthropic("api_error"), "server_error", true],
  ["Anthropic timeout", 504, anthropic("timeout_error"), "timeout", true],
  ["Anthropic overload", 529, anthropic("overloaded_error"), "overloaded", true],
  ["overload after a 200", 200, anthropic("overloaded_error"), "overloaded", true],
  // OpenRouter
  ["no credits", 402, { error: { code: 402, message: "Insufficient credits" } }, "insufficient_quota", false],
  ["moderation", 403, { error: { code: 403, metadata: { reasons: ["violence"], flagged_input: "…" } } }, "content_filter", false],
  ["rate limit in a 200", 200, { error: { code: 429, message: "Provider returned error" } }, "rate_limit", true],
  ["bad request in a 200", 200, { error: { code: 400, message: "bad" } }, "invalid_request", false],
  ["error type in a 200", 200, { error: { metadata: { error_type: "provider_overloaded" } } }, "overloaded", true],
  [
    "a choice that broke off",
    200,
    { choices: [{ error: { code: 502, message: "upstream" }, finish_reason: "error" }] },
    "server_error",
    true,
  ],
  ["bad gateway", 502, { error: { code: 502, message: "provider down" } }, "server_error", true],
  ["no provider fits", 503, { error: { code: 503, message: "no provider" } }, "server_error", true],
  ["edge timeout", 524, "", "server_error", true],
  // Groq
  ["Groq: too large", 413, tooLarge(6000, 8000), "context_length_exceeded", false],
  ["Groq: flex at capacity", 498, { error: { code: "capacity_exceeded" } }, "server_error", true],
  ["unprocessable", 422, { error: { message: "semantic" } }, "invalid_request", false],
  ["failed dependency", 424, { error: {} }, "server_error", true],
  // Gemini
  ["Gemini, per minute", 429, gemini429("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), "rate_limit", true],
  ["Gemini, per day", 429, gemini429("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), "insufficient_quota", false],
  ["Gemini, in an array", 429, [gemini429("GenerateRequestsPerMinute")], "rate_limit", true],
  [
    "Gemini key",
    400,
    { error: { code: 400, status: "INVALID_ARGUMENT", details: [{ reason: "API_KEY_INVALID" }] } },
    "authentication",
    false,
  ],
  ["Gemini billing", 400, { error: { code: 400, status: "FAILED_PRECONDITION" } }, "permission", false],
  ["Gemini argument", 400, { error: { code: 400, status: "INVALID_ARGUMENT", message: "no" } }, "invalid_request", false],
  ["Gemini overload", 503, { error: { code: 503, status: "UNAVAILABLE", message: "busy" } }, "overloaded", true],
  ["upstream 429 in a 500", 500, { error: { code: 429, message: "quota" } }, "rate_limit", true],
  ["upstream 429 in a 503", 503, { error: { code: "429", message: "quota" } }, "rate_limit", true],
  // AWS
  ["Bedrock in words of its own", 400, { __type: "ThrottlingException", message: "Too many requests" }, "rate_limit", true],
  ["Bedrock, model failed", 424, { message: "The model failed to process" }, "server_error", true],
  // A parameter is as wrong the next time
  ["parameter in a 500", 500, { error: { code: "unsupported_parameter", param: "top_k" } }, "invalid_request", false],
  ["value in a 200", 200, { error: { code: "invalid_value", message: "no" } }, "invalid_request", false],
  ["argument in a 503", 503, { error: { code: 503, status: "INVALID_ARGUMENT" } }, "invalid_request", false],
  ["DashScope's parameter", 500, { code: "InvalidParameter", message: "no" }, "invalid_request", false],
  // Local servers
  ["Ollama busy", 503, { error: { message: "server busy, please try again.", type: "api_error" } }, "overloaded", true],
  ["Ollama model", 404, { error: { message: 'model "x" not found', type: "not_found_error" } }, "model_not_found", false],
  ["Anthropic model in words", 404, { error: { message: "model: claude-x", type: "not_found_error" } }, "model_not_found", false],
  ["vLLM model", 404, { object: "error", message: "The model `x` does not exist.", code: 404 }, "model_not_found", false],
  [
    "Gemini model",
    404,
    { error: { message: "models/x is not found for API version v1beta", status: "NOT_FOUND" } },
    "model_not_found",
    false,
  ],
  ["OpenRouter model", 404, { error: { message: "No endpoints found for x.", code: 404 } }, "model_not_found", false],
  ["a file that is missing", 404, { error: { message: "No such File object", code: 404 } }, "not_found", false],
  [
    "old vLLM, too long",
    400,
    { object: "error", message: "This model's maximum context length is 8 tokens.", type: "BadRequestError", code: 400 },
    "context_length_exceeded",
    false,
  ],
  ["old vLLM", 400, { object: "error", message: "bad", type: "BadRequestError", code: 400 }, "invalid_request", false],
  ["old vLLM in a 200", 200, { object: "error", message: "bad", type: "BadRequestError", code: 400 }, "invalid_request", false],
  ["llama.cpp loading", 503, { error: { code: 503, message: "Loading model", type: "unavailable_error" } }, "overloaded", true],
  ["Hugging Face loading", 503, { error: "Model org/name is currently loading", estimated_time: 20 }, "overloaded", true],
  ["TGI overloaded", 429, { error: "Model is overloaded", error_type: "overloaded" }, "overloaded", true],
  ["llama.cpp, too long", 400, { error: { type: "exceed_context_size_error", n_ctx: 8 } }, "context_length_exceeded", false],
  // Statuses alone
  ["plain 400", 400, "", "invalid_request", false],
  ["plain 401", 401, "<html>no</html>", "authentication", false],
  ["plain 402", 402, "", "insufficient_quota", false],
  ["plain 403", 403, "", "permission", false],
  ["plain 404", 404, "404 page not found", "not_found", false],
  ["plain 405", 405, "", "invalid_request", false],
  ["plain 408", 408, "", "timeout", true],
  ["plain 409", 409, "", "server_error", true],
  ["plain 413", 413, "<html>Request Entity Too Large</html>", "context_length_exceeded", false],
  ["plain 425", 425, "", "server_error", true],
  ["plain 429", 429, "", "rate_limit", true],
  ["plain 499", 499, "", "server_error", true],
  ["plain 500", 500, "", "server_error", true],
  ["plain 502", 502, "<html>Bad Gateway</html>", "server_error", true],
  ["plain 503", 503, "", "server_error", true],
  ["plain 504", 504, "", "server_error", true],
  ["plain 520", 520, "", "server_error", true],
  ["plain 529", 529, "", "overloaded", true],
  ["error as a string", 400, { error: "model is required" }, "invalid_request", false],
  ["error as a string in a 200", 200, { error: "something broke" }, "server_error", true],
];

describe("what a response means", () => {
  it.each(rows)("%s (%i)", (_name, status, body, kind, retryable) => {
    const response = typeof body === "string" ? responseOfText(status, body) : responseOf(status, body);
    expect(openaiChat.readFailure(response)).toMatchObject({ kind, retryable, statusCode: status });
  });

  it("takes a 503 with a Retry-After for overload: the server knows when it will be back", () => {
    expect(openaiChat.readFailure(responseOfText(503, "", { "retry-after": "3" }))).toMatchObject({
      kind: "overloaded",
      retryAfterMs: 3000,
    });
  });

  it("is told by the beginning of a long message or list: to look through all of it stopped the program", () => {
    const message = `${"x".repeat(2_000)} maximum context length`;
    expect(openaiChat.readFailure(responseOf(400, { error: { message } }))?.kind).toBe("invalid_request");
    const details = Array.from({ length: 1_000 }, () => ({ violations: [{ quotaId: "PerMinute" }] }));
    const last = { violations: [{ quotaId: "PerDay" }] };
    expect(openaiChat.readFailure(responseOf(429, { error: { details: [...details, last] } }))?.kind).toBe("rate_limit");
  });

  it("asks AWS again after a 400 that a header calls throttling", () => {
    const named = { "x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/" };
    const body = { message: "Too many requests, please wait before trying again." };
    expect(openaiChat.readFailure(responseOf(400, body, named))).toMatchObject({ kind: "rate_limit", retryable: true });
    expect(openaiChat.readFailure(responseOf(400, body))).toMatchObject({ kind: "invalid_request", retryable: false });
  });

  it("asks OpenRouter again after a 402 only if its own in-flight budget was the reason and it says when", () => {
    const body = { error: { code: 402, metadata: { limit_source: "openrouter_in_flight_budget" } } };
    expect(openaiChat.readFailure(responseOf(402, body, { "retry-after": "1" }))).toMatchObject({
      kind: "rate_limit",
      retryable: true,
    });
    expect(openaiChat.readFailure(responseOf(402, body))).toMatchObject({ kind: "insufficient_quota", retryable: false });
  });

  it.each([
    ["false", 500, {}, false],
    ["false", 429, { code: "rate_limit_exceeded" }, false],
    ["true", 400, {}, true],
    ["true", 429, { code: "insufficient_quota" }, false],
    ["true", 400, { code: "unsupported_parameter" }, false],
    ["maybe", 500, {}, true],
  ])("obeys x-should-retry: %s for a %i of %j", (header, status, error, retryable) => {
    expect(openaiChat.readFailure(responseOf(status, { error }, { "x-should-retry": header }))?.retryable).toBe(retryable);
  });

  it("does not say how long to wait where asking again is no use", () => {
    const response = responseOf(401, { error: {} }, { "retry-after": "1" });
    expect(openaiChat.readFailure(response)).not.toHaveProperty("retryAfterMs");
  });
});
