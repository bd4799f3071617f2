import type { Answer } from "../model/attempt.ts";
import { isExpired, isStoredHead, type StoredHead } from "./stored-answer.ts";

/**
 * How the disk cache writes an answer as text: JSON of the form that Keyv reads, `{"expires":…,"value":{…}}`, with the body as the
 * last member. So a hit parses the small head alone and cuts the body out as it was received, whatever numbers it holds.
 *
 *     {"value":{"storedAt":1767225600000,"statusCode":200,"requestId":"…","usage":{…},"bodyLength":2,"body":{}}}
 *
 * Whoever changes the form must change the namespace as well: rows of another form are never looked at.
 */
export const namespace = "llmbatch-1";

/** Of rows that hold a note, as Keyv writes a text: `{"value":"…"}`. */
export const notesNamespace = "llmbatch-notes-1";

const bodyMark = ',"body":';
const ending = "}}";

/** SQL for the head's times, in milliseconds, without parsing the body. Null or 0 where a row is none of ours. */
export const storedAtSql = `CAST(substr(value, instr(value, '"storedAt":') + 11, 14) AS INTEGER)`;
export const expiresSql = `CASE WHEN substr(value, 1, 11) = '{"expires":' THEN CAST(substr(value, 12, 14) AS INTEGER) END`;

export function writeRow(answer: Answer, storedAt: number, ttlMs: number | undefined): string {
  const { statusCode, requestId, usage, body } = answer;
  const head = JSON.stringify({ storedAt, statusCode, requestId, usage, bodyLength: body.length });
  const expires = ttlMs === undefined ? "" : `"expires":${storedAt + ttlMs},`;
  return `{${expires}"value":${head.slice(0, -1)}${bodyMark}${body}${ending}`;
}

/** @returns undefined if the row has expired, was cut or was written by something else. */
export function readRow(row: unknown, now: number, ttlMs: number | undefined): Answer | undefined {
  if (typeof row !== "string") return undefined;
  const headEnd = row.indexOf(bodyMark); // inside a string of the head its quotes would be escaped
  const parsed = parseHead(row.slice(0, headEnd));
  if (parsed === undefined) return undefined;
  const { expires, value } = parsed;
  const bodyStart = headEnd + bodyMark.length;
  if (row.length !== bodyStart + value.bodyLength + ending.length || !row.endsWith(ending)) return undefined;
  if ((expires !== undefined && expires <= now) || isExpired(value.storedAt, now, ttlMs)) return undefined;
  const { statusCode, requestId, usage } = value;
  return { statusCode, requestId, body: row.slice(bodyStart, -ending.length), usage };
}

export function writeNote(text: string): string {
  return JSON.stringify({ value: text });
}

/** @returns undefined if something else wrote the row. */
export function readNote(row: unknown): string | undefined {
  const note = typeof row === "string" ? parse(row) : undefined;
  return typeof note === "object" && note !== null && "value" in note && typeof note.value === "string" ? note.value : undefined;
}

interface Head {
  readonly expires?: number;
  readonly value: StoredHead & { readonly bodyLength: number };
}

function parseHead(text: string): Head | undefined {
  const head = parse(text + ending);
  return isHead(head) ? head : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isHead(head: unknown): head is Head {
  return (
    typeof head === "object" &&
    head !== null &&
    (!("expires" in head) || typeof head.expires === "number") &&
    "value" in head &&
    isStoredHead(head.value) &&
    "bodyLength" in head.value &&
    typeof head.value.bodyLength === "number"
  );
}
