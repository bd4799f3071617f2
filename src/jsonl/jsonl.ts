/** The door of this room: bytes become lines, lines become requests, results become lines. */
export { formatResult, formatResultInParts } from "./format-results.ts";
export { headBytes } from "./attachments/media-type.ts";
export type { FindLocalFile, LocalFile, NoLocalFile } from "./attachments/local-file.ts";
export { parseRequests, RequestParser } from "./parse-requests.ts";
export type { RequestParserOptions } from "./parse-requests.ts";
export type { RequestLike } from "./request-like.ts";
export { maxLineBytes, splitLines } from "./split-lines.ts";
export type { BrokenLine, Line, TextLine } from "./split-lines.ts";
