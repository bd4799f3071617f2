import { parseJson } from "../../json/json-value.ts";
import type { Failure, FailureKind } from "../../model/failure.ts";
import type { FailedResult } from "../../model/result.ts";
import type { ApiError } from "../http/api-error.ts";
import { tokenCountPath } from "../http/endpoint.ts";

/** An answer that a provider gave to a request at fault: it goes on as it came. */
export interface PassedOn {
  readonly status: number;
  readonly body: string;
}

/** The request's own fault, wherever it is asked. */
const requestsFault: ReadonlySet<FailureKind> = new Set([
  "invalid_request",
  "not_found",
  "model_not_found",
  "context_length_exceeded",
  "content_filter",
]);

/** Clients that are told that there is none estimate by themselves. */
const noTokenCount = {
  status: 404,
  type: "invalid_request_error",
  code: "not_found",
  message: "The provider of this model counts no tokens: it is none of Anthropic's API",
} as const;

const final = { isWorthRetrying: false } as const;

/** What a client is told of a failed request. We have asked again as often as it helps: clients are told not to. */
export function explainFailure({ failure, response }: FailedResult, path: string): ApiError | PassedOn {
  const { kind, message } = failure;
  if (path === tokenCountPath && isMissing(failure, response)) return { ...final, ...noTokenCount };
  const isOwnFault = requestsFault.has(kind) && response !== undefined && response.statusCode >= 400 && response.statusCode < 500;
  if (isOwnFault && typeof parseJson(response.body) === "object") return { status: response.statusCode, body: response.body };
  switch (kind) {
    case "model_not_found":
      return { ...final, status: 404, type: "invalid_request_error", code: "model_not_found", message, param: "model" };
    case "not_found":
      return { ...final, status: 404, type: "invalid_request_error", code: "not_found", message };
    case "invalid_request":
    case "context_length_exceeded":
    case "content_filter":
    case "invalid_line":
      return {
        ...final,
        status: 400,
        type: "invalid_request_error",
        code: codeOf(kind, response),
        message,
      };
    case "insufficient_quota":
    case "budget_exceeded":
      return {
        ...final,
        status: 429,
        type: "insufficient_quota",
        code: kind,
        message: kind === "budget_exceeded" ? message : "No money is left at the provider",
        retryAfterMs: 60_000,
      };
    case "rate_limit": {
      const retryAfterMs = failure.closure?.opensInMs ?? failure.retryAfterMs ?? 60_000;
      return { isWorthRetrying: true, status: 429, type: "rate_limit_error", code: "rate_limit_exceeded", message, retryAfterMs };
    }
    case "overloaded":
      return {
        ...final,
        status: 503,
        type: "api_error",
        code: "overloaded",
        message,
        retryAfterMs: failure.retryAfterMs ?? 1000,
      };
    case "timeout":
      return { ...final, status: 504, type: "api_error", code: "timeout", message };
    case "cancelled":
      return {
        isWorthRetrying: true,
        status: 503,
        type: "api_error",
        code: "shutting_down",
        message,
        retryAfterMs: 1000,
        closes: true,
      };
    case "internal":
      return { ...final, status: 500, type: "api_error", code: "internal_error", message };
    default:
      // A key of ours that is refused is no fault of the client's token.
      return { ...final, status: 502, type: "api_error", code: "provider_error", message: withCauses(failure) };
  }
}

/** Servers without that path say so with whatever body they have. */
function isMissing({ kind }: Failure, response: FailedResult["response"]): boolean {
  if (response === undefined) return kind === "invalid_request";
  return [404, 405].includes(response.statusCode) && kind !== "model_not_found";
}

/** Of a path that the provider does not have. */
function codeOf(kind: FailureKind, response: FailedResult["response"]): string {
  return kind === "invalid_request" && response === undefined ? "endpoint_not_supported" : kind;
}

function withCauses({ message, providersTried = [] }: FailedResult["failure"]): string {
  const missing = providersTried.filter((tried) => !message.includes(tried.message));
  return [message, ...missing.map((tried) => `${tried.provider}: ${tried.message}`)].join("; ");
}
