import type { Failure } from "./failure.ts";

/**
 * One line of the batch, ready to be sent.
 *
 * `body` is JSON text, not a value: what a provider receives is what the user wrote, so a number that a double cannot hold, a
 * key order or a duplicate key arrives unchanged.
 */
export interface BatchRequest {
  readonly kind: "request";
  /** The id of its result, where its `RequestBatch` has named it. */
  readonly id?: string;
  /** How many identical requests come before it in its input. @default counted within the run */
  readonly occurrence?: number;
  /** 1-based line of the input this came from; 1-based position for requests made by a program. */
  readonly lineNumber: number;
  readonly customId: string;
  /** Path below the provider's base URL, as batch files spell it: `/v1/chat/completions`. */
  readonly path: string;
  /** The model that `body` names. Limits and permanent failures are counted by it. */
  readonly model: string;
  /** The provider that the line names, for those who have several. */
  readonly provider?: string;
  /** JSON text, without line breaks, sent byte for byte. */
  readonly body: string;
  /** The most tokens the answer may have by the body's own limit, over all choices asked for; undefined when it sets none. */
  readonly maxOutputTokens?: number;
  /** Sent beside the provider's own, and in place of those of the same name, which are in lower case. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text that travels to the output line unchanged. */
  readonly metadata?: string;
}

/** A line that cannot become a request. It still gets its one line of output. */
export interface InvalidLine {
  readonly kind: "invalid-line";
  /** As of a request. */
  readonly id?: string;
  readonly lineNumber: number;
  readonly customId: string;
  /** Identifies the line from run to run: the hex SHA-256 of its text. */
  readonly digest: string;
  readonly failure: Failure;
  readonly metadata?: string;
}

export type BatchInput = BatchRequest | InvalidLine;
