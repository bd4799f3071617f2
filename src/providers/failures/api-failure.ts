import { isJsonObject } from "../../json/json-value.ts";
import { findError, readErrorFacts } from "./error-body.ts";
import { findFailureRule } from "./failure-rules.ts";
import { unitOfRejection } from "./rate-limit-errors.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { Failure } from "../../model/failure.ts";
import type { HttpResponse } from "../protocol.ts";

/**
 * Understands a response that is no good answer, for every protocol.
 *
 * @param isAnswer Whether the body of a 2xx without an error in it is a whole answer of the protocol.
 * @returns undefined for a good, whole answer.
 */
export function readApiFailure(response: HttpResponse, isAnswer: (body: unknown) => boolean): Failure | undefined {
  const { statusCode, body } = response;
  if (statusCode >= 300 && statusCode <= 399) return redirect(response);
  if (statusCode < 200 || statusCode >= 300 || findError(body) !== undefined) return apiError(response);
  return isAnswer(body) ? undefined : noAnswer(response);
}

/** Not followed: key and prompt would go to the host that it names. */
function redirect({ statusCode, headers }: HttpResponse): Failure {
  return {
    kind: "invalid_response",
    message: `HTTP ${statusCode}: redirected to ${redirectTarget(headers)}; redirects are not followed${askForBaseUrl}`,
    retryable: false,
    statusCode,
    isForAll: true,
  };
}

/** The host as written, for a path may hold anything. Backslashes are slashes to browsers, and to some servers. */
function redirectTarget(headers: HttpResponse["headers"]): string {
  const location = [headers["location"]].flat()[0]?.trim() ?? "";
  if (location === "") return "nowhere";
  const [, host] = /^(?:[a-z][a-z\d+.-]*:)?[/\\]{2,}(?:[^/\\?#]*@)?([^/\\?#]+)/i.exec(location) ?? [];
  return host ?? "another path of the same host";
}

function apiError(response: HttpResponse): Failure {
  const { statusCode, headers, body, text } = response;
  const facts = readErrorFacts(body);
  const waitMs = retryAfterMs(response);
  const rule = findFailureRule({
    statusCode: facts.statusCode ?? statusCode,
    codes: [...facts.codes, ...awsCode(headers)],
    message: facts.message.slice(0, classifiedLength),
    hasRetryAfter: waitMs !== undefined,
  });
  const unit = rule.kind === "rate_limit" ? unitOfRejection(body, facts.codes) : undefined;
  const isForAll = statusCode === 405 || statusCode === 501 || (statusCode === 400 && isPage(text));
  const retryable = shouldRetry(headers["x-should-retry"], rule.retryable, rule.code !== undefined);
  return {
    kind: rule.kind,
    message: `HTTP ${statusCode}: ${facts.message || describeText(text)}${isForAll ? askForBaseUrl : ""}`,
    retryable,
    statusCode,
    ...(isForAll && { isForAll }),
    ...(retryable && waitMs !== undefined && { retryAfterMs: waitMs }),
    ...(unit !== undefined && { limitUnit: unit }),
  };
}

/** `ThrottlingException:http://internal.amazon.com/…` */
function awsCode(headers: HttpResponse["headers"]): string[] {
  return [headers["x-amzn-errortype"]].flat().flatMap((value) => value?.split(":", 1) ?? []);
}

/** OpenAI and Anthropic tell their SDKs what to do. A refusal counts always; no header makes a code that is final less so. */
function shouldRetry(header: string | string[] | undefined, byRule: boolean, ruleIsByCode: boolean): boolean {
  if (header === "false") return false;
  if (header === "true" && !ruleIsByCode) return true;
  return byRule;
}

function noAnswer({ statusCode, body, text }: HttpResponse): Failure {
  const problem = body === undefined ? "no JSON in the answer" : "the answer is not of the shape this API has";
  const isForAll = body === undefined && isPage(text);
  return {
    kind: "invalid_response",
    message: `HTTP ${statusCode}: ${problem}: ${describeText(text)}${isForAll ? askForBaseUrl : ""}`,
    retryable: true,
    ...(!holdsList(body) && { isFinalIfRepeated: true }),
    statusCode,
    ...(isForAll && { isForAll }),
  };
}

/** An empty list of choices may be full the next time; a page, or the JSON of another service, will not change. */
function holdsList(body: unknown): boolean {
  return isJsonObject(body) && Object.values(body).some(Array.isArray);
}

/** What classifies an error stands at the beginning of its message. */
const classifiedLength = 2_000;
const describedLength = 300;
const askForBaseUrl = " (is the base URL right?)";

/** Whether it is HTML: of a web site, a gateway or a proxy, not of an API. */
function isPage(text: string): boolean {
  return text.slice(0, 200).trimStart().startsWith("<");
}

/** What a person needs of a body that does not explain itself: the words of an HTML page, the beginning of anything else. */
function describeText(text: string): string {
  const start = text.trim();
  if (start === "") return "the body is empty";
  if (!start.startsWith("<")) return start.slice(0, describedLength);
  const words = start.replaceAll(/<(style|script)\b[^>]*>[^<]*|<[^>]*>?/gi, " ").replaceAll(/\s+/g, " ");
  return `an HTML page: ${words.trim().slice(0, describedLength)}`;
}
