/** The door of this room: the walk of every request, and when a run stops. */
export type { BatchOptions, CallOptions, RunOptions } from "./call-options.ts";
export type { BodyMembers, Completion, Question } from "./completion.ts";
export { PreparationWarnings, type SayWarning } from "./preparing/preparation-warnings.ts";
export { Preparer, type PreparerOptions } from "./preparing/preparer.ts";
export type { RequestManagerOptions } from "./request-manager-options.ts";
export { type BatchResults, RequestManager } from "./request-manager.ts";
export { keyStartOf, type RequestName, RequestNames } from "./request-names.ts";
export type { AnswerStream, StreamPiece } from "./stream-request.ts";
