import { prependMembers } from "../../json/json-text.ts";
import { isJsonObject, member } from "../../json/json-value.ts";
import { Problem, readJson, readMaxOutputTokens } from "../../jsonl/jsonl.ts";
import type { BatchRequest } from "../../model/request.ts";
import { usageMember } from "../../providers/providers.ts";
import type { ApiError } from "../http/api-error.ts";
import { tokenCountPath } from "../http/endpoint.ts";

/** A request of a client, as it is sent on. */
export interface LiveRequest {
  readonly request: BatchRequest;
  readonly isStreamed: boolean;
  /** Usage was asked for on our own account: the event that tells it is not the client's. */
  readonly hidesUsage: boolean;
  /** The client asked for that event. */
  readonly wantsUsage: boolean;
  /** Of vectors. */
  readonly wantsBase64: boolean;
}

/**
 * Makes a request of a body. It is never read as a line of a batch: `metadata`, `provider`, `prompt` and the like are the API's own members.
 * The text goes on as it came.
 *
 * @param headers Of the client, those that go on.
 */
export function readLiveRequest(
  id: string,
  path: string,
  text: string,
  headers: Readonly<Record<string, string>>,
): LiveRequest | ApiError {
  const value = readJson(text, "body");
  if (value instanceof Problem) return invalid("invalid_json", `The body is ${value.message}`);
  if (!isJsonObject(value)) return invalid("invalid_json", "The body is no JSON object");
  const { model, stream } = value;
  if (typeof model !== "string" || model === "")
    return invalid("missing_required_parameter", "`model` is needed, a text that is not empty", "model");
  const isStreamed = stream === true && path !== tokenCountPath;
  const asking = isStreamed && value["stream_options"] === undefined ? usageMember(path) : undefined;
  const body = asking === undefined ? text : prependMembers(text, asking);
  const maxOutputTokens = readMaxOutputTokens((key) => value[key]);
  const request: BatchRequest = {
    kind: "request",
    id,
    lineNumber: 1,
    customId: id,
    path,
    model,
    body,
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(Object.keys(headers).length > 0 && { headers }),
  };
  return {
    request,
    isStreamed,
    hidesUsage: asking !== undefined,
    wantsUsage: member(value["stream_options"], "include_usage") === true,
    wantsBase64: path === "/v1/embeddings" && value["encoding_format"] === "base64",
  };
}

function invalid(code: string, message: string, param?: string): ApiError {
  return { status: 400, type: "invalid_request_error", code, message, param, isWorthRetrying: false };
}
