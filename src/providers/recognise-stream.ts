import { Buffer } from "node:buffer";
import { EventStreamParser } from "./event-stream.ts";
import { parseJson } from "./json-value.ts";
import type { HttpResponse } from "./protocol.ts";

/** Whether the headers declare a stream that can be read as it comes. */
export function isEventStream(headers: HttpResponse["headers"]): boolean {
  const encoding = headers["content-encoding"] ?? "identity";
  return encoding === "identity" && /^\s*text\/event-stream\b/i.test(String(headers["content-type"]));
}

/** Whether a body that is no JSON begins as a stream does. */
export function looksLikeEventStream(text: string): boolean {
  return /^\s*(?::|(?:data|event|id|retry):)/.test(text);
}

/** @returns the first data that is JSON. */
export function findFirstData(text: string): string | undefined {
  let found: string | undefined;
  const parser = new EventStreamParser(({ data }) => {
    if (found === undefined && parseJson(data) !== undefined) found = data;
  });
  parser.push(Buffer.from(text));
  parser.end();
  return found;
}
