/** What went wrong with a request of a client, before it takes the shape of the client's API. */
export interface ApiError {
  readonly status: number;
  /** OpenAI's `error.type`. */
  readonly type: "invalid_request_error" | "rate_limit_error" | "insufficient_quota" | "api_error";
  /** OpenAI's `error.code`. */
  readonly code: string;
  /** For a person. Free of secrets. */
  readonly message: string;
  readonly param?: string | undefined;
  /** Whether clients are to ask again by themselves: `x-should-retry`. @default not said */
  readonly isWorthRetrying?: boolean | undefined;
  /** When: 1 to 60 s, because clients give up at longer ones. */
  readonly retryAfterMs?: number | undefined;
  /** The connection is closed after it. @default false */
  readonly closes?: boolean | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Whose clients ask: errors have the shape of the path's API. */
export type ApiFamily = "openai" | "anthropic";

const anthropicTypes: Readonly<Record<number, string>> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** Anthropic says that it is overloaded with a status of its own. */
export function statusOf({ status, code }: ApiError, family: ApiFamily): number {
  return family === "anthropic" && code === "overloaded" ? 529 : status;
}

/** The JSON text of an error. @param requestId As in the response's headers. */
export function errorBody(error: ApiError, family: ApiFamily, requestId: string): string {
  const { message, type, code, param = null } = error;
  if (family === "openai") return JSON.stringify({ error: { message, type, param, code } });
  const status = statusOf(error, family);
  const anthropicType = anthropicTypes[status] ?? (status < 500 ? "invalid_request_error" : "api_error");
  return JSON.stringify({ type: "error", error: { type: anthropicType, message }, request_id: requestId });
}

const minRetryAfterMs = 1_000;
const maxRetryAfterMs = 60_000;

/** LangChain gives up at a longer wait than a minute, and at a 429 without one; a 503 is to pass as well. */
export function retryHeaders({ isWorthRetrying, retryAfterMs, status }: ApiError): Record<string, string> {
  const waitMs = retryAfterMs ?? (status === 429 || status === 503 ? minRetryAfterMs : undefined);
  const boundedMs = waitMs === undefined ? undefined : Math.min(maxRetryAfterMs, Math.max(minRetryAfterMs, Math.ceil(waitMs)));
  return {
    ...(boundedMs !== undefined && { "retry-after": String(Math.ceil(boundedMs / 1000)), "retry-after-ms": String(boundedMs) }),
    ...(isWorthRetrying !== undefined && { "x-should-retry": String(isWorthRetrying) }),
  };
}

/** To requests that may come again later. */
export function busy(code: string, message: string, retryAfterMs: number): ApiError {
  return { status: 429, type: "rate_limit_error", code, message, retryAfterMs, isWorthRetrying: true };
}

/** Of those that the client may ask. */
export function unknownModel(model: string): ApiError {
  const message = `There is no model ${JSON.stringify(model.slice(0, 200))} for this client`;
  return { status: 404, type: "invalid_request_error", code: "model_not_found", message, param: "model", isWorthRetrying: false };
}

/** To requests that are not sent yet when the server ends. */
export const shuttingDown: ApiError = {
  status: 503,
  type: "api_error",
  code: "shutting_down",
  message: "The server is about to stop",
  retryAfterMs: 1000,
  isWorthRetrying: true,
  closes: true,
};
