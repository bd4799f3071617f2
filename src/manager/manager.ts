/** The door of this room: the walk of every request, and when a run stops. */
export type { BatchOptions, CallOptions, RunOptions } from "./call-options.ts";
export type { BudgetStatus } from "./money/budget.ts";
export type { CapStatus } from "./money/account.ts";
export type { BodyMembers, Completion, Question } from "./completion.ts";
export type { LiveAnswer, LiveOptions } from "./live/answer-live.ts";
export { findUnbounded } from "./money/worst-case.ts";
export { PreparationWarnings, type SayWarning } from "./preparing/preparation-warnings.ts";
export { Preparer, type PreparerOptions } from "./preparing/preparer.ts";
export type { RequestManagerOptions } from "./request-manager-options.ts";
export { RequestManager } from "./request-manager.ts";
export type { CacheOutcome, LiveCaching } from "./live/live-cache.ts";
export type { BatchResults } from "./results.ts";
export { isIdOfAnyProvider, keyStartOf, type RequestName, RequestNames } from "./request-names.ts";
export type { AnswerStream, StreamPiece } from "./stream-request.ts";
