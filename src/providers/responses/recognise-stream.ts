import { Buffer } from "node:buffer";
import { parseJson } from "../../json/json-value.ts";
import { EventStreamParser } from "./event-stream.ts";
import type { ResponseHeaders } from "../protocol.ts";

/** Whether the headers declare a stream. */
export function isEventStream(headers: ResponseHeaders): boolean {
  return /^\s*text\/event-stream\b/i.test(String(headers["content-type"]));
}

const openBrace = 0x7b;
const byteOrderMark: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf]);

/** @returns whether a body is JSON, though it is declared as a stream; undefined while that is not known. */
export function isBareJson(firstBytes: Buffer): boolean | undefined {
  const first = firstBytes.find((byte) => byte > 0x20 && !byteOrderMark.has(byte));
  return first === undefined ? undefined : first === openBrace;
}

/** Whether a body that is no JSON begins as a stream does. */
export function looksLikeEventStream(text: string): boolean {
  return /^\s*(?::|(?:data|event|id|retry|error):)/.test(text);
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
