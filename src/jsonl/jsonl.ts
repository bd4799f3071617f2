/** The door of this room: bytes become lines, lines become requests, results become lines. */
export { formatResult, formatResultInParts, type FormatOptions, triedMembers } from "./format-results.ts";
export { holdsRequest } from "./line-forms.ts";
export { allowFolder } from "./attachments/allowed-folder.ts";
export type { FindLocalFile, LocalFile, NoLocalFile } from "./attachments/local-file.ts";
export { outlineRequest } from "./outline-request.ts";
export { rangeWarnings } from "./warnings/parameter-ranges.ts";
export { parseRequests, RequestParser, type RequestParserOptions } from "./parse-requests.ts";
export { readMaxOutputTokens } from "./max-output-tokens.ts";
export { readJson } from "./read-json.ts";
export { Problem } from "./problem.ts";
export { BatchLine, type RequestLike } from "./request-like.ts";
export { maxTokensProblem, messagesPath, type PromptPath } from "./request-path.ts";
export { type Line, splitLines } from "./split-lines.ts";
export { writeJson } from "./write-json.ts";
