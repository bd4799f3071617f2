import { items, member } from "../../json/json-value.ts";
import type { Failure } from "../../model/failure.ts";
import { readApiFailure } from "../failures/api-failure.ts";
import { textOf } from "../../model/content-text.ts";
import { brokenOff, isBrokenOff } from "./broken-off.ts";
import { responsesStreaming } from "./openai-responses-stream.ts";
import { readUsageMembers, type UsageNames } from "./openai-usage.ts";
import type { HttpResponse, Protocol } from "../protocol.ts";

const usageNames: UsageNames = {
  input: "input_tokens",
  inputDetails: "input_tokens_details",
  output: "output_tokens",
  outputDetails: "output_tokens_details",
};

/**
 * OpenAI Responses (OpenAI API reference). A response that `failed` comes with HTTP 200 and an `error` object; one that is
 * `incomplete` (its token limit reached, or filtered) is an answer.
 */
export const openaiResponses: Protocol = {
  path: "/v1/responses",
  baseUrlHasVersion: true,
  isBesideDeployments: true,
  headers: {},
  counting: "sum",
  readUsage: (body) => readUsageMembers(member(body, "usage"), usageNames, member(body, "service_tier")),
  readText,
  readFailure,
  streaming: responsesStreaming,
};

/** The output may hold several messages, between reasoning and calls of tools. */
function readText(body: unknown): string {
  return items(member(body, "output"))
    .map((item) => (member(item, "type") === "message" ? textOf(member(item, "content")) : ""))
    .join("");
}

const waiting: ReadonlySet<unknown> = new Set(["queued", "in_progress"]);
const unfinished: ReadonlySet<unknown> = new Set([...waiting, "failed", "cancelled"]);

function readFailure(response: HttpResponse): Failure | undefined {
  const { body } = response;
  const status = member(body, "status");
  const failure = readApiFailure(response, () => unfinished.has(status) || Array.isArray(member(body, "output")));
  if (failure !== undefined) return failure;
  if (waiting.has(status) && member(body, "background") === true) return inBackground(response);
  if (unfinished.has(status)) return brokenOff(response, "status", status);
  const reason = member(member(body, "incomplete_details"), "reason");
  return isBrokenOff(reason) ? brokenOff(response, "incomplete_details", reason) : undefined;
}

/** Asked again, it would be made, and paid, again. */
function inBackground({ statusCode }: HttpResponse): Failure {
  const message = `HTTP ${statusCode}: the answer is made in the background, and not waited for: leave "background" out`;
  return { kind: "invalid_request", message, retryable: false, statusCode };
}
