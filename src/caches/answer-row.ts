import type { Answer } from "../model/attempt.ts";
import { isExpired, isStoredHead, parseStored } from "./stored-answer.ts";

/**
 * How the disk cache writes an answer as text: JSON of the form that Keyv reads, `{"expires":…,"value":{…}}`, with the body as the
 * last member. So a hit parses the small head alone and cuts the body out as it was received, whatever numbers it holds.
 *
 *     {"value":{"storedAt":1767225600000,"statusCode":200,"requestId":"…","usage":{…},"bodyLength":2,"body":{}}}
 *
 * Whoever changes the form must change the names of the tables as well (`tables.ts`).
 */
const ending = "}}";

const count = String.raw`(\d+)`;
/** Escapes are rare in a request's id. That they are few keeps a row which somebody else made from keeping the expression busy. */
const jsonString = String.raw`("[^"\\\u0000-\u001f]*(?:\\.[^"\\\u0000-\u001f]*){0,999}")`;
const usageMembers = `"promptTokens":${count},"completionTokens":${count},"cachedTokens":${count},"reasoningTokens":${count}`;

/** All that stands before the body. Reading it so takes a third of what `JSON.parse` and looking at what came out take. */
const beforeBody = new RegExp(
  String.raw`^\{(?:"expires":([\d.e+]+),)?"value":\{"storedAt":${count},"statusCode":${count},"requestId":${jsonString},` +
    String.raw`"usage":\{${usageMembers}\},"bodyLength":${count},"body":`,
);

/** SQL for the head's times, in milliseconds, without parsing the body. Null or 0 where a row is none of ours. */
export const storedAtSql = `CAST(substr(value, instr(value, '"storedAt":') + 11, 14) AS INTEGER)`;
export const expiresSql = `CASE WHEN substr(value, 1, 11) = '{"expires":' THEN CAST(substr(value, 12, 14) AS INTEGER) END`;

/** The row of an answer in three texts: what stands before the body, the body, what stands behind it. */
export function rowTexts(
  { statusCode, requestId, usage, body }: Answer,
  storedAt: number,
  ttlMs: number | undefined,
): readonly [beforeBody: string, body: string, afterBody: string] {
  const { promptTokens, completionTokens, cachedTokens, reasoningTokens } = usage;
  const expires = ttlMs === undefined ? "" : `"expires":${storedAt + ttlMs},`;
  const tokens = `"promptTokens":${promptTokens},"completionTokens":${completionTokens},"cachedTokens":${cachedTokens},"reasoningTokens":${reasoningTokens}`;
  const head = `"storedAt":${storedAt},"statusCode":${statusCode},"requestId":${JSON.stringify(requestId)},"usage":{${tokens}}`;
  return [`{${expires}"value":{${head},"bodyLength":${body.length},"body":`, body, ending];
}

/** @returns undefined if the row has expired, was cut or was written by something else. */
export function readRow(row: unknown, now: number, ttlMs: number | undefined): Answer | undefined {
  if (typeof row !== "string") return undefined;
  const start = beforeBody.exec(row);
  if (start === null) return undefined;
  const [text, expires, storedAt, statusCode, requestId = "", prompt, completion, cached, reasoning, bodyLength] = start;
  if (row.length !== text.length + Number(bodyLength) + ending.length || !row.endsWith(ending)) return undefined;
  const head = {
    storedAt: Number(storedAt),
    statusCode: Number(statusCode),
    requestId: requestId.includes("\\") ? parseStored(requestId) : requestId.slice(1, -1),
    usage: {
      promptTokens: Number(prompt),
      completionTokens: Number(completion),
      cachedTokens: Number(cached),
      reasoningTokens: Number(reasoning),
    },
  };
  if (!isStoredHead(head)) return undefined;
  if ((expires !== undefined && !(Number(expires) > now)) || isExpired(head.storedAt, now, ttlMs)) return undefined;
  return {
    statusCode: head.statusCode,
    requestId: head.requestId,
    body: row.slice(text.length, -ending.length),
    usage: head.usage,
  };
}
