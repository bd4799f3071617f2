import type { Answer } from "../model/attempt.ts";
import { decodeString } from "../json/json-text.ts";
import type { BatchResult, FailedResult, SucceededResult } from "../model/result.ts";

/**
 * A result as one text: numbers, then its texts one behind the other. The body, which is most of it, needs no escaping on the way out and no
 * parsing on the way back.
 */
export function packResult(result: BatchResult): string {
  return result.status === "succeeded" ? packSucceeded(result) : packFailed(result);
}

/** The result that `packResult` made `text` of. */
export function unpackResult(text: string): BatchResult {
  return text.startsWith("{") ? unpackFailed(text) : unpackSucceeded(text);
}

const sources: readonly SucceededResult["source"][] = ["asked", "cache", "shared"];

/** By hand, because that takes a third of what JSON does. */
function packSucceeded({ id, customId, lineNumber, metadata, answer, source, attempts }: SucceededResult): string {
  const { statusCode, requestId, usage, body } = answer;
  const customIdJson = JSON.stringify(customId); // it may hold half a surrogate pair, which UTF-8 cannot
  const numbers =
    `${lineNumber},${sources.indexOf(source)},${attempts},${statusCode},` +
    `${usage.promptTokens},${usage.completionTokens},${usage.cachedTokens},${usage.reasoningTokens},` +
    `${id.length},${customIdJson.length},${requestId.length},${metadata?.length ?? -1}`;
  return `${numbers}\n${id}${customIdJson}${requestId}${metadata ?? ""}${body}`;
}

function unpackSucceeded(text: string): SucceededResult {
  const textsAt = text.indexOf("\n") + 1;
  const numbers = text.slice(0, textsAt).split(",").map(Number);
  const numberAt = (place: number): number => numbers[place] ?? 0;
  const customIdAt = textsAt + numberAt(8);
  const requestIdAt = customIdAt + numberAt(9);
  const metadataAt = requestIdAt + numberAt(10);
  const metadataLength = numberAt(11);
  const bodyAt = metadataAt + Math.max(0, metadataLength);
  const answer: Answer = {
    statusCode: numberAt(3),
    requestId: text.slice(requestIdAt, metadataAt),
    usage: {
      promptTokens: numberAt(4),
      completionTokens: numberAt(5),
      cachedTokens: numberAt(6),
      reasoningTokens: numberAt(7),
    },
    body: text.slice(bodyAt),
  };
  const line = {
    id: text.slice(textsAt, customIdAt),
    customId: decodeString(text.slice(customIdAt, requestIdAt)),
    lineNumber: numberAt(0),
  };
  const rest = { answer, source: sources[numberAt(1)] ?? "asked", attempts: numberAt(2) };
  return metadataLength < 0
    ? { status: "succeeded", ...line, ...rest }
    : { status: "succeeded", ...line, metadata: text.slice(metadataAt, bodyAt), ...rest };
}

/** JSON; the answer's body stands behind it, apart by a line break, which the rest cannot hold. */
function packFailed(result: FailedResult): string {
  if (result.answer === undefined) return JSON.stringify(result);
  const { body, ...answer } = result.answer;
  return `${JSON.stringify({ ...result, answer })}\n${body}`;
}

function unpackFailed(text: string): BatchResult {
  const bodyAt = text.indexOf("\n") + 1;
  if (bodyAt === 0) return JSON.parse(text);
  const result = JSON.parse(text.slice(0, bodyAt));
  result.answer.body = text.slice(bodyAt);
  return result;
}
