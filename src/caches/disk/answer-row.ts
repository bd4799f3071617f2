import { hash } from "node:crypto";
import { parseJson } from "../../json/json-value.ts";
import type { ModelResponse } from "../../model/attempt.ts";
import { isStoredHead, type StoredHead, usageOf } from "../stored-answer.ts";

/**
 * An answer as text: JSON of the form that Keyv writes, `{"value":{…},"expires":…}`, with the body last and as it was received, whatever
 * numbers it holds. A hit parses the head alone, and cuts the body out.
 *
 *     {"value":{"checksum":"…","storedAt":1767225600000,"statusCode":200,"requestId":"…","usage":{…},"body":{}}}
 */
interface StoredRow {
  readonly response: ModelResponse;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
  /** Milliseconds since 1970; undefined for never. */
  readonly expires: number | undefined;
}

const beforeBody = ',"body":';
const afterBody = "}}";
/** 132 bits of a SHA-256. */
const checksumLength = 22;

/** SQL for the times in a row, in milliseconds, without parsing the body. Null or 0 where a row is damaged. */
export const storedAtSql = `CAST(substr(value, instr(value, '"storedAt":') + 11, 14) AS INTEGER)`;
export const expiresSql = `CASE WHEN substr(value, 1, 11) = '{"expires":' THEN CAST(substr(value, 12, 14) AS INTEGER) END`;

export function writeRow(
  key: string,
  { statusCode, requestId, usage, body }: ModelResponse,
  storedAt: number,
  ttlMs: number | undefined,
): string {
  const expires = ttlMs === undefined ? "" : `"expires":${storedAt + ttlMs},`;
  const start = `{${expires}"value":{`;
  const rest = JSON.stringify({ storedAt, statusCode, requestId, usage }).slice(1, -1);
  return `${start}${checksumMember(checksumOf(key, start + rest, body))}${rest}${beforeBody}${body}${afterBody}`;
}

/** @returns undefined if the row is not what `writeRow` made for that key: a bit was flipped, it was cut, or something else wrote it. */
export function readRow(key: string, row: unknown): StoredRow | undefined {
  if (typeof row !== "string" || !row.endsWith(afterBody)) return undefined;
  const headEnd = row.indexOf(beforeBody); // the head cannot hold that: in a string its quotes are escaped
  if (headEnd === -1) return undefined;
  const head = row.slice(0, headEnd);
  const stored = parseJson(head + afterBody);
  if (!isRowHead(stored)) return undefined;
  const { checksum, storedAt, statusCode, requestId } = stored.value;
  const body = row.slice(headEnd + beforeBody.length, -afterBody.length);
  if (checksum !== checksumOf(key, head.replace(checksumMember(checksum), ""), body)) return undefined;
  return { response: { statusCode, requestId, body, usage: usageOf(stored.value) }, storedAt, expires: stored.expires };
}

interface RowHead {
  readonly expires?: number;
  readonly value: StoredHead & { readonly checksum: string };
}

function isRowHead(value: unknown): value is RowHead {
  return (
    typeof value === "object" &&
    value !== null &&
    (!("expires" in value) || typeof value.expires === "number") &&
    "value" in value &&
    isStoredHead(value.value) &&
    "checksum" in value.value &&
    typeof value.value.checksum === "string"
  );
}

function checksumMember(checksum: string): string {
  return `"checksum":"${checksum}",`;
}

/**
 * Of the row without it, and of the key: a damaged index can lead to the row of another. The body is hashed by itself, because joined to the
 * rest it would be copied first: 8 µs for 8 KB, and as much again for collecting the copies.
 */
function checksumOf(key: string, head: string, body: string): string {
  return hash("sha256", `${key}\n${head}\n${hash("sha256", body, "base64url")}`, "base64url").slice(0, checksumLength);
}
