import type { Failure, SharedFailureKind } from "./failure.ts";

/**
 * The run cannot begin: wrong option, missing key, unreadable or invalid input. Nothing was sent. The message is for a person and
 * says what, where and what to do. Not thrown once a request has been sent.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * A cache cannot be opened, read or written. Thrown by stores; a run that meets it stops sending. Not thrown for a missing
 * entry, which is `undefined`.
 */
export class CacheError extends Error {
  override readonly name = "CacheError";
}

/**
 * One request failed. Thrown by `RequestManager.stream`, which has no result to put the failure in; not by anything that gives
 * results. What had come of the answer by then has been given.
 */
export class RequestFailedError extends Error {
  override readonly name = "RequestFailedError";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The output cannot be written any more (disk full, removed, no permission). Not thrown when a reader closes a pipe. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** Why a run ended before its last line. */
export type StopReason = SharedFailureKind | "unreachable" | "max_failures" | "deadline" | "cache" | "interrupted";

/**
 * The run was stopped before its last line. Thrown by `RequestManager.run` after every result that could still leave has left;
 * answers already given are in the cache, and the same run again goes on from there. Not thrown when single requests fail.
 */
export class RunStoppedError extends Error {
  override readonly name = "RunStoppedError";
  readonly reason: StopReason;

  constructor(reason: StopReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
