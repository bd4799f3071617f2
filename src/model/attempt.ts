import type { Failure } from "./failure.ts";
import type { RateLimitReport } from "./rate-limit.ts";
import type { Usage } from "./usage.ts";

/** A whole, good answer. Only these are cached. */
export interface Answer {
  /** 2xx. */
  readonly statusCode: number;
  /** The provider's id of the call, for its support desk; empty if it sent none. */
  readonly requestId: string;
  /** JSON text as received, but for line breaks between tokens, which become spaces so that it fits a line of JSONL. */
  readonly body: string;
  readonly usage: Usage;
}

/** What a server sent back with a failure. */
export interface ErrorAnswer {
  readonly statusCode: number;
  readonly requestId: string;
  /** JSON text without line breaks; a body that was no JSON is a JSON string holding its text. */
  readonly body: string;
}

interface AttemptEnded {
  /** What the provider said of its limits on this occasion. */
  readonly rateLimits?: readonly RateLimitReport[];
}

export interface AnsweredAttempt extends AttemptEnded {
  readonly ok: true;
  readonly answer: Answer;
}

export interface FailedAttempt extends AttemptEnded {
  readonly ok: false;
  readonly failure: Failure;
  readonly answer?: ErrorAnswer;
  /** What the provider billed nevertheless. */
  readonly usage?: Usage;
}

/** One HTTP call, whatever came of it. */
export type Attempt = AnsweredAttempt | FailedAttempt;
