import { type Failure, type FailureKind, hasFailedEverywhere, type SharedFailureKind, type TriedProvider } from "./failure.ts";

/**
 * The run cannot begin: wrong option, missing key, unreadable or invalid input. Nothing was sent. The message is for a person and
 * says what, where and what to do. Not thrown once a request has been sent.
 */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * A cache cannot be opened, read or written. Thrown by stores; a run that meets it stops sending. Not thrown for a missing
 * entry, which is `undefined`.
 */
export class CacheError extends Error {
  override readonly name = "CacheError";
}

/**
 * What a program can tell failed requests apart by: no provider serves the model (`model_not_found`), several were asked and none of
 * them could answer (`provider_error`), or the kind of the one failure there is.
 */
export type RequestFailedCode = FailureKind | "model_not_found" | "provider_error";

/**
 * One request failed. Thrown by `RequestManager.complete`, and by `RequestManager.stream` after what had come of the answer by then; not by
 * anything that gives results, which hold the failure.
 */
export class RequestFailedError extends Error {
  override readonly name = "RequestFailedError";
  readonly code: RequestFailedCode;
  readonly failure: Failure;
  /** What came of each target that was asked, in the order in which they were first asked; empty where there is one only, or none was asked. */
  readonly providersTried: readonly TriedProvider[];

  constructor(failure: Failure) {
    super(failure.message);
    this.code = codeOf(failure);
    this.failure = failure;
    this.providersTried = failure.providersTried ?? [];
  }
}

function codeOf(failure: Failure): RequestFailedCode {
  const { kind, providersTried = [] } = failure;
  if (kind === "not_found" && providersTried.every((tried) => tried.kind === "not_found")) return "model_not_found";
  return hasFailedEverywhere(failure) ? "provider_error" : kind;
}

/** The output cannot be written any more (disk full, removed, no permission). Not thrown when a reader closes a pipe. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/** Why a run ended before its last line. */
export type StopReason =
  | SharedFailureKind
  | "throttled"
  | "unreachable"
  | "same_failure"
  | "max_failures"
  | "deadline"
  | "cache"
  | "interrupted";

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

/** What any thrown value says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `ENOENT`, `SQLITE_BUSY` and the like; undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
