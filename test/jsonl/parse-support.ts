import { RequestParser } from "../../src/jsonl/parse-requests.ts";
import type { RequestParserOptions } from "../../src/jsonl/parse-requests.ts";
import type { BatchInput, BatchRequest, InvalidLine } from "../../src/model/request.ts";

/** Parses one line, by a parser of its own. */
export function parseLine(text: string, options: RequestParserOptions = {}, lineNumber = 1): BatchInput {
  return new RequestParser(options).parse({ lineNumber, text });
}

/** For lines that must become requests. */
export function requestOf(text: string, options: RequestParserOptions = {}, lineNumber = 1): BatchRequest {
  const input = parseLine(text, options, lineNumber);
  if (input.kind === "request") return input;
  throw new Error(`${text} is no request: ${input.failure.message}`);
}

/** For lines that must not. */
export function invalidOf(text: string, options: RequestParserOptions = {}, lineNumber = 1): InvalidLine {
  const input = parseLine(text, options, lineNumber);
  if (input.kind === "invalid-line") return input;
  throw new Error(`${text} became a request`);
}
