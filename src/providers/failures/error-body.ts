import { items, member } from "../../json/json-value.ts";

/** What an error body says, wherever its author put it. */
interface ErrorFacts {
  /** Codes, types and statuses in words, most telling first; as written. */
  readonly codes: readonly string[];
  /** A status between 400 and 599 that the body names; gateways wrap an upstream 429 in a 500. */
  readonly statusCode: number | undefined;
  /** The provider's own words; empty when it had none. */
  readonly message: string;
}

/**
 * Finds the error in a body: `{"error":{…}}` (OpenAI, Anthropic, Google), `{"error":"…"}`, `[{"error":{…}}]` (Google's compatible
 * endpoint), `{"object":"error",…}` (old vLLM), `{"responseStatus":{…}}` (ServiceStack, llms.py), or in the only choice (OpenRouter, when the provider broke off).
 *
 * @returns undefined when the body holds none; `"error":null` and an empty object are none.
 */
export function findError(body: unknown): unknown {
  const first = firstOf(body);
  const error = member(first, "error");
  if (saysSomething(error)) return error;
  if (member(first, "object") === "error") return first;
  const status = member(first, "responseStatus");
  if (saysSomething(member(status, "message")) || saysSomething(member(status, "errorCode"))) return status;
  const choices = items(member(first, "choices"));
  const choiceError = choices.length === 1 ? member(choices[0], "error") : undefined;
  return saysSomething(choiceError) ? choiceError : undefined;
}

/** Reads the body of a response that is known to have failed, whether `findError` finds its error or not. */
export function readErrorFacts(body: unknown): ErrorFacts {
  const error = findError(body) ?? body;
  if (typeof error !== "string") return { codes: readCodes(error), statusCode: readStatus(error), message: readMessage(error) };
  const first = firstOf(body); // xAI, TGI: `{"error":"…","code":"…"}`
  return { codes: readCodes(first), statusCode: readStatus(first), message: error };
}

function firstOf(body: unknown): unknown {
  return Array.isArray(body) ? body[0] : body;
}

function saysSomething(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return Boolean(error);
  return Object.values(error).some((value) => value !== null);
}

/** Google sends one or two; each costs 50 patterns. */
const maxDetails = 20;

function readCodes(error: unknown): string[] {
  const metadata = member(error, "metadata"); // OpenRouter
  const found = [
    member(error, "code"),
    member(error, "type"),
    member(error, "status"), // Google: RESOURCE_EXHAUSTED
    member(error, "error_type"),
    member(error, "__type"), // AWS
    member(member(error, "details"), "error_code"), // Anthropic
    member(member(error, "innererror"), "code"), // Azure
    member(metadata, "error_type"),
    member(metadata, "limit_source"),
    member(metadata, "flagged_input") === undefined ? undefined : "flagged_input",
  ];
  for (const detail of items(member(error, "details")).slice(0, maxDetails)) {
    found.push(member(detail, "reason")); // Google: API_KEY_INVALID
    for (const violation of items(member(detail, "violations")).slice(0, maxDetails)) found.push(member(violation, "quotaId"));
  }
  return found.flatMap((code) => (typeof code === "string" || typeof code === "number" ? String(code) : []));
}

function readStatus(error: unknown): number | undefined {
  for (const value of [member(error, "code"), member(error, "status")]) {
    const status = typeof value === "string" ? Number(value) : value;
    if (typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599) return status;
  }
  return undefined;
}

function readMessage(error: unknown): string {
  const message = member(error, "message") ?? member(error, "detail") ?? member(error, "msg");
  const upstream = member(member(error, "metadata"), "raw"); // OpenRouter: what its provider said
  const parts = [messageText(message), typeof upstream === "string" ? upstream : ""];
  return parts.filter((part) => part !== "").join(": ");
}

/** FastAPI servers answer 422 with a list of what is wrong where. */
function messageText(message: unknown): string {
  if (message === undefined || message === null) return "";
  return typeof message === "string" ? message : JSON.stringify(message);
}
