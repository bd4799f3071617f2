import type { ModelResponse, ErrorResponse } from "./attempt.ts";
import type { Failure, FailureKind, TriedProvider } from "./failure.ts";
import type { Usage } from "./usage.ts";

interface LineFacts {
  /** `batch_req_…`, derived from the request, so the same from run to run. */
  readonly id: string;
  readonly customId: string;
  readonly lineNumber: number;
  /** JSON text from the input line. */
  readonly metadata?: string;
  /** The provider that was asked last, as in `providersTried`; undefined where none was, and it could be one of several. */
  readonly provider?: string | undefined;
  /** The one that the request names. */
  readonly model?: string | undefined;
  /** HTTP calls made for it in this run; 0 unless asked now. */
  readonly attempts: number;
  /** Of the last of them, in milliseconds; 0 where there was none. */
  readonly latencyMs?: number;
  /** US dollars for all its attempts, 0 where none was made; null where a price is not known. */
  readonly costUsd?: number | null;
  /** Of an answer from the cache: what it would have cost, in US dollars; null where the price is not known. */
  readonly savedUsd?: number | null;
  /** What was changed of the request before it was sent: `messages[1]`, `temperature`. Absent where nothing was. */
  readonly dropped?: readonly string[];
}

export interface SucceededLine extends LineFacts {
  readonly status: "succeeded";
  readonly response: ModelResponse;
  /** Where the answer came from: asked for now, recalled from the cache, or shared with an identical request (`dedupe`). */
  readonly source: "asked" | "cache" | "shared";
}

export interface FailedLine extends LineFacts {
  readonly status: "failed";
  readonly failure: Failure;
  /** What came with the failure; the answer itself, where that came and the program's own cache or observer failed. */
  readonly response?: ErrorResponse;
}

/** What became of one line of input, as the events of a run and its output tell it. */
export type LineResult = SucceededLine | FailedLine;

/** What a result says of every request. */
interface RequestResult {
  /** 0 for the first request of a batch. */
  readonly index: number;
  /** Which API it is for: `/v1/chat/completions`; undefined for a line that is no request. */
  readonly path: string | undefined;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly latencyMs: number;
  readonly costUsd: number | null;
  /** Whether the cache knew the answer. */
  readonly cached: boolean;
}

/** A request that was answered. */
export interface SucceededResult extends Omit<SucceededLine, keyof RequestResult>, RequestResult {
  readonly error: null;
  /** What the model said, whichever API it is: `""` where it said nothing, undefined for APIs whose answers have no text. */
  readonly text: string | undefined;
  /** The answer parsed, when it is first asked for. `response.body` is its JSON text, with numbers as they came. */
  readonly body: unknown;
  readonly usage: Usage;
}

/** Why a request failed, and what the server sent with it. */
export interface ErrorDetails {
  readonly code: FailureKind;
  /** For a person. Free of secrets. */
  readonly message: string;
  /** Of HTTP; undefined where nothing came. */
  readonly status: number | undefined;
  /** What the server sent, parsed: an error's `param` and `type` stand there. Undefined where nothing came. */
  readonly body: unknown;
  /**
   * What came of each target that was asked, in the order in which they were first asked. Empty where none was, and where the manager's
   * provider has no keys, limits or routes, so that there is nothing to tell apart.
   */
  readonly providersTried: readonly TriedProvider[];
}

/** A request without an answer. */
export interface FailedResult extends Omit<FailedLine, keyof RequestResult>, RequestResult {
  readonly error: ErrorDetails;
  readonly text: undefined;
  readonly body: undefined;
  readonly usage: undefined;
}

/** What became of one request. It succeeded if and only if `error` is null. */
export type BatchResult = SucceededResult | FailedResult;
