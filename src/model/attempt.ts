import type { Failure } from "./failure.ts";
import type { RateLimitReport } from "./rate-limit.ts";
import type { BatchRequest } from "./request.ts";
import type { Usage } from "./usage.ts";

/** A whole, good answer. Only these are cached. */
export interface ModelResponse {
  /** 2xx. */
  readonly statusCode: number;
  /** The provider's id of the call, for its support desk; empty if it sent none. */
  readonly requestId: string;
  /** JSON text as received, but for line breaks between tokens, which become spaces so that it fits a line of JSONL. */
  readonly body: string;
  readonly usage: Usage;
  /** It was passed on as it came, and texts beyond its first events are missing here. Such answers are not cached. @default false */
  readonly isAbridged?: boolean;
}

/** What an answer says that ended at a limit. */
export const limitEndings: readonly string[] = ["length", "max_tokens", "max_output_tokens"];

const limitSign = new RegExp(`reason"\\s*:\\s*"(?:${limitEndings.join("|")})"`);

/**
 * Whether an answer ended because it had as many tokens as it may: `finish_reason` `length` (Chat Completions, Completions), `stop_reason`
 * `max_tokens` (Messages), `incomplete_details.reason` `max_output_tokens` (Responses). Within texts, quotes are escaped.
 */
export function isCutOff({ body }: ModelResponse): boolean {
  return limitSign.test(body);
}

/**
 * Says why a whole answer does not count. Its request then fails so: what was answered and what it cost are kept in the result, the cache
 * does not take it, and it is asked for again where the failure is retryable. Called once for each answer, those from the cache included.
 *
 * @returns undefined for an answer that counts.
 */
export type AnswerCheck = (request: BatchRequest, response: ModelResponse) => Failure | undefined;

/** What a server sent back with a failure. */
export interface ErrorResponse {
  readonly statusCode: number;
  readonly requestId: string;
  /** JSON text without line breaks; a body that was no JSON is a JSON string holding its text. */
  readonly body: string;
}

/** HTTP calls that were made elsewhere. */
export interface Calls {
  readonly count: number;
  /** How many of them a rate limit or overload throttled. @default none */
  readonly throttled?: number;
  /** Of the last of them. */
  readonly latencyMs: number;
  /** What was billed of those that gave no answer. */
  readonly usage?: Usage;
}

interface AttemptEnded {
  /** What the provider said of its limits on this occasion. */
  readonly rateLimits?: readonly RateLimitReport[];
  /** The HTTP calls that it stands for. @default one: itself */
  readonly calls?: Calls;
}

export interface SucceededAttempt extends AttemptEnded {
  readonly ok: true;
  readonly response: ModelResponse;
}

export interface FailedAttempt extends AttemptEnded {
  readonly ok: false;
  readonly failure: Failure;
  readonly response?: ErrorResponse;
  /** What the provider billed nevertheless. */
  readonly usage?: Usage;
  /** The answer broke off: more than that usage may have been billed. */
  readonly isUsagePartial?: true;
  /** The request did not go out. Where neither this, nor a status of an error, nor a usage is told, it may have been billed. */
  readonly isUnbilled?: true;
}

/** One HTTP call, whatever came of it. */
export type Attempt = SucceededAttempt | FailedAttempt;
