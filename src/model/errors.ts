import { parseJson } from "../json/json-value.ts";
import type { ErrorResponse } from "./attempt.ts";
import type { Failure, FailureKind, SharedFailureKind, TriedProvider } from "./failure.ts";
import type { BatchResult, ErrorDetails } from "./result.ts";

/** Says that a value is an error of this package, whichever copy of it the program has loaded. */
const brand = Symbol.for("llmbatch.error");

/** What all errors of this package have in common: a `code` to tell them apart by. */
export abstract class LlmbatchError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    Object.defineProperty(this, brand, { value: true });
  }
}

/** Whether something that was thrown is an error of this package. Its `code` tells which. */
export function isLlmbatchError(error: unknown): error is LlmbatchError {
  return error instanceof Error && brand in error;
}

/**
 * The run cannot begin: wrong option, missing key, unreadable or invalid input. Nothing was sent. The message is for a person and
 * says what, where and what to do. Not thrown once a request has been sent.
 */
export class ConfigurationError extends LlmbatchError {
  override readonly name = "ConfigurationError";
  readonly code = "configuration";
  /** The option that is wrong, where it is one by itself. */
  readonly option: string | undefined;

  constructor(message: string, { option, ...options }: ErrorOptions & { readonly option?: string } = {}) {
    super(message, options);
    this.option = option;
  }
}

/**
 * A cache cannot be opened, read or written. Thrown by stores; a run that meets it stops sending. Not thrown for a missing
 * entry, which is `undefined`.
 */
export class CacheError extends LlmbatchError {
  override readonly name = "CacheError";
  readonly code = "cache";
}

/**
 * One request failed. Thrown by `RequestManager.complete`, and by `RequestManager.stream` after what had come of the answer by then; not by
 * anything that gives results, whose `error` says the same.
 */
export class RequestFailedError extends LlmbatchError implements ErrorDetails {
  override readonly name = "RequestFailedError";
  readonly code: FailureKind;
  readonly status: number | undefined;
  readonly body: unknown;
  readonly providersTried: readonly TriedProvider[];
  readonly failure: Failure;

  /** @param response What the server sent. */
  constructor(failure: Failure, response?: ErrorResponse) {
    super(failure.message);
    const { code, status, body, providersTried } = detailsOf(failure, response);
    this.code = code;
    this.status = status;
    this.body = body;
    this.providersTried = providersTried;
    this.failure = failure;
  }
}

export function detailsOf({ kind, message, statusCode, providersTried = [] }: Failure, response?: ErrorResponse): ErrorDetails {
  const body = response === undefined ? undefined : parseJson(response.body);
  return { code: kind, message, status: response?.statusCode ?? statusCode, body, providersTried };
}

/** The output cannot be written any more (disk full, removed, no permission). Not thrown when a reader closes a pipe. */
export class OutputError extends LlmbatchError {
  override readonly name = "OutputError";
  readonly code = "output";
}

/** Why a run ended before its last line. */
export type StopReason =
  | SharedFailureKind
  | "throttled"
  | "unreachable"
  | "same_failure"
  | "max_failures"
  | "budget"
  | "deadline"
  | "cache"
  | "interrupted";

/** That a run ended before its last line, and why. */
export interface Stop {
  readonly reason: StopReason;
  /** For a person. */
  readonly message: string;
}

/**
 * The run was stopped before its last request. Thrown by `RequestManager.run` after every result that there is, and by `processBatch` where
 * `throwOnStop` asks for it; answers already given are in the cache, if there is one, and the same run again goes on from there. Not thrown
 * when single requests fail.
 */
export class RunStoppedError extends LlmbatchError {
  override readonly name = "RunStoppedError";
  readonly code = "stopped";
  readonly reason: StopReason;
  /** Of `processBatch`: one for each request. Empty where they were yielded before. */
  readonly results: readonly BatchResult[];

  constructor({ reason, message }: Stop, results: readonly BatchResult[] = []) {
    super(message);
    this.reason = reason;
    this.results = results;
  }
}

/** Where a library's warnings go that no callback takes. */
export function emitWarning(message: string): void {
  process.emitWarning(message, "LlmbatchWarning");
}

/** What a thrown value says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `ENOENT`, `SQLITE_BUSY` and the like; undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
