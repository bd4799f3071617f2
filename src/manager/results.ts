import { parseJson } from "../json/json-value.ts";
import type { ModelResponse, ErrorResponse, FailedAttempt } from "../model/attempt.ts";
import { detailsOf, type Stop } from "../model/errors.ts";
import type { Failure } from "../model/failure.ts";
import type { BatchInput } from "../model/request.ts";
import type { BatchResult, ErrorDetails, FailedResult, SucceededResult } from "../model/result.ts";
import type { Usage } from "../model/usage.ts";
import { textOfAnswer } from "../providers/providers.ts";

/** One result for each request, in their order. */
export interface BatchResults extends Array<BatchResult> {
  /** Why the batch stopped before its last request, if it did: the results of those that were not answered are failures of kind `cancelled`. */
  stopped?: Stop;
}

/** What a result says of its line. */
export interface ResultLine {
  readonly id: string;
  readonly index: number;
  readonly request: BatchInput;
  /** The target that was asked last. */
  readonly provider?: string | undefined;
  readonly latencyMs?: number;
  /** @default 0: nothing was sent */
  readonly costUsd?: number | null;
  readonly savedUsd?: number | null;
  readonly dropped?: readonly string[] | undefined;
}

/** The failure, and what the server sent with it. */
type FailedOutcome = Pick<FailedAttempt, "failure" | "response">;

/** What is not stored is made of the rest when it is asked for. */
abstract class ResultOfRequest {
  readonly id: string;
  readonly customId: string;
  readonly index: number;
  readonly lineNumber: number;
  readonly path: string | undefined;
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly attempts: number;
  readonly latencyMs: number;
  readonly costUsd: number | null;
  declare readonly savedUsd?: number | null;
  declare readonly dropped?: readonly string[];
  declare readonly metadata?: string;

  constructor(line: ResultLine, attempts: number) {
    const { id, index, request, provider, latencyMs = 0, costUsd = 0, savedUsd, dropped } = line;
    const isRequest = request.kind === "request";
    this.id = id;
    this.customId = request.customId;
    this.index = index;
    this.lineNumber = request.lineNumber;
    this.path = isRequest ? request.path : undefined;
    this.provider = provider;
    this.model = isRequest ? request.model : undefined;
    this.attempts = attempts;
    this.latencyMs = latencyMs;
    this.costUsd = costUsd;
    if (savedUsd !== undefined) this.savedUsd = savedUsd;
    if (dropped !== undefined) this.dropped = dropped;
    if (request.metadata !== undefined) this.metadata = request.metadata;
  }
}

/** The answer is parsed when its text or its body is first asked for, and by most programs once. */
class Succeeded extends ResultOfRequest implements SucceededResult {
  readonly status = "succeeded";
  readonly response: ModelResponse;
  readonly source: SucceededResult["source"];
  #body: { readonly value: unknown } | undefined;

  constructor(line: ResultLine, response: ModelResponse, source: SucceededResult["source"], attempts: number) {
    super(line, attempts);
    this.response = response;
    this.source = source;
  }

  get error(): null {
    return null;
  }

  get cached(): boolean {
    return this.source === "cache";
  }

  get usage(): Usage {
    return this.response.usage;
  }

  get body(): unknown {
    this.#body ??= { value: parseJson(this.response.body) };
    return this.#body.value;
  }

  get text(): string | undefined {
    return this.path === undefined ? undefined : textOfAnswer(this.path, this.body);
  }
}

class Failed extends ResultOfRequest implements FailedResult {
  readonly status = "failed";
  readonly failure: Failure;
  declare readonly response?: ErrorResponse;

  constructor(line: ResultLine, { failure, response }: FailedOutcome, attempts: number) {
    super(line, attempts);
    this.failure = failure;
    if (response !== undefined) this.response = response;
  }

  get error(): ErrorDetails {
    return detailsOf(this.failure, this.response);
  }

  get cached(): boolean {
    return false;
  }

  get usage(): undefined {
    return undefined;
  }

  get body(): undefined {
    return undefined;
  }

  get text(): undefined {
    return undefined;
  }
}

export function succeededResult(
  line: ResultLine,
  response: ModelResponse,
  source: SucceededResult["source"],
  attempts: number,
): SucceededResult {
  return new Succeeded(line, response, source, attempts);
}

export function failedResult(line: ResultLine, outcome: FailedOutcome, attempts: number): FailedResult {
  return new Failed(line, outcome, attempts);
}

/** The result of an identical request, as this line's own. */
export function sharedResult({ id, index, request, dropped }: ResultLine, result: BatchResult): BatchResult {
  const line = { id, index, request, dropped, provider: result.provider };
  return result.status === "succeeded" ? succeededResult(line, result.response, "shared", 0) : failedResult(line, result, 0);
}
