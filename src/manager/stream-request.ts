import { RequestFailedError, messageOf } from "../model/errors.ts";
import type { Limiter } from "../limiters/limiters.ts";
import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import { cancelled, type Failure, internal } from "../model/failure.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import { type Provider, textOfAnswer, textOfEvent } from "../providers/providers.ts";
import { retry, type RetryOutcome, type RetryRules } from "../retry/retry.ts";
import type { CallOptions } from "./call-options.ts";
import type { Costs } from "./money/costs.ts";
import type { Emitter } from "./emitter.ts";
import { type CountTokens, Journey } from "./journey.ts";
import { RequestNames } from "./request-names.ts";
import { failedResult, succeededResult } from "./results.ts";
import { sendAttempt } from "./send-attempt.ts";
import { reasonNotToSend } from "./sendable.ts";
import { Wakeup } from "./queues/wakeup.ts";

interface StreamRequestOptions extends Pick<CallOptions, "signal" | "timeoutMs" | "onRetry"> {
  readonly provider: Provider;
  readonly limiter: Limiter;
  readonly retryRules: RetryRules;
  readonly emitter: Emitter;
  readonly costs: Costs;
  readonly countTokens?: CountTokens | undefined;
}

/** A piece of a streamed answer. */
export interface StreamPiece {
  /** What it adds to the text; empty where it adds nothing. */
  readonly text: string;
  /** The parsed data of the event, as the provider sent it; the whole answer, if that does not come in pieces. */
  readonly event: unknown;
}

/** An answer as it comes. Leaving the loop early ends the call. */
export class AnswerStream implements AsyncIterableIterator<StreamPiece> {
  readonly #pieces: AsyncGenerator<StreamPiece>;

  constructor(pieces: AsyncGenerator<StreamPiece>) {
    this.#pieces = pieces;
  }

  /** @throws RequestFailedError as the loop over it does. */
  next(): Promise<IteratorResult<StreamPiece>> {
    return this.#pieces.next();
  }

  return(): Promise<IteratorResult<StreamPiece>> {
    return this.#pieces.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The text of all that has not been taken yet, once it has come whole. @throws RequestFailedError as the loop over it does. */
  async text(): Promise<string> {
    const texts: string[] = [];
    for await (const { text } of this) texts.push(text);
    return texts.join("");
  }
}

/** @see RequestManager.stream */
export async function* streamRequest(input: BatchInput, options: StreamRequestOptions): AsyncGenerator<StreamPiece> {
  if (input.kind === "invalid-line") throw new RequestFailedError(input.failure);
  const journey = begin(input, options);
  const stream = new RequestStream(journey, options);
  const asking = stream.ask();
  try {
    yield* stream.pieces();
  } finally {
    stream.abandon();
    const { attempt, attempts } = await asking;
    const result = attempt.ok
      ? succeededResult(journey, attempt.response, "asked", attempts)
      : failedResult(journey, attempt, attempts);
    options.emitter.end(input, result);
  }
}

/** @throws RequestFailedError when the request cannot be sent. */
function begin(request: BatchRequest, { provider, emitter, countTokens }: StreamRequestOptions): Journey {
  const { customId, lineNumber } = request;
  let failure: Failure | undefined;
  try {
    failure = reasonNotToSend(request, provider);
    if (failure === undefined) {
      const name = new RequestNames(provider, false).name(request);
      const journey = new Journey(request, 0, name, provider, undefined, countTokens);
      emitter.emit({ type: "request-start", customId, lineNumber });
      return journey;
    }
  } catch (error) {
    failure = internal(messageOf(error));
  }
  throw new RequestFailedError(failure);
}

/** One request, asked until its stream begins, and the pieces that its caller has not taken yet. */
class RequestStream {
  readonly #journey: Journey;
  readonly #options: StreamRequestOptions;
  readonly #abandoned = new AbortController();
  /** A piece came, or the end. */
  readonly #change = new Wakeup();
  #pieces: StreamPiece[] = [];
  #hasBegun = false;
  #outcome: RetryOutcome | undefined;
  /** What ended a stream that had begun. */
  #failure: Failure | undefined;

  constructor(journey: Journey, options: StreamRequestOptions) {
    this.#journey = journey;
    this.#options = options;
  }

  /** Does not reject: what a part of the program's own throws, or a bug, is a failure of kind `internal`. */
  async ask(): Promise<RetryOutcome> {
    const { signal } = this.#options;
    if (signal?.aborted) this.abandon();
    signal?.addEventListener("abort", this.abandon);
    const outcome = await this.#askUntilBegun().catch((error: unknown) => ({ attempt: brokenBy(error), attempts: 0 }));
    signal?.removeEventListener("abort", this.abandon);
    this.#outcome = this.#explained(outcome);
    this.#change.fire();
    return this.#outcome;
  }

  /** The caller does not take the rest. */
  readonly abandon = (): void => {
    this.#abandoned.abort();
  };

  /** @throws RequestFailedError after the last piece of an answer that did not come whole. */
  async *pieces(): AsyncGenerator<StreamPiece> {
    while (this.#outcome === undefined || this.#pieces.length > 0) {
      if (this.#pieces.length === 0) await this.#change.wait();
      yield* this.#pieces.splice(0);
    }
    const { attempt } = this.#outcome;
    if (!attempt.ok) throw new RequestFailedError(attempt.failure, attempt.response);
    if (this.#hasBegun) return;
    const event: unknown = JSON.parse(attempt.response.body);
    yield { text: textOfAnswer(this.#journey.request.path, event) ?? "", event };
  }

  #askUntilBegun(): Promise<RetryOutcome> {
    const { limiter, retryRules, emitter, onRetry } = this.#options;
    const { customId, lineNumber } = this.#journey.request;
    const { signal } = this.#abandoned;
    return retry(
      async (number) => {
        this.#journey.begin(number);
        const attempt = await limiter.run(this.#journey.demand, (target) => this.#send(target), signal);
        return this.#hasBegun && !attempt.ok ? this.#final(attempt) : this.#journey.marked(attempt);
      },
      retryRules,
      signal,
      (wait) => {
        const event = { type: "retry-wait", customId, lineNumber, ...wait } as const;
        emitter.emit(event);
        onRetry?.(event);
      },
    );
  }

  #send(target: Target): Promise<Attempt> {
    const { provider, emitter, timeoutMs, costs } = this.#options;
    const { signal } = this.#abandoned;
    const { emit } = emitter;
    return sendAttempt(this.#journey, target, { provider, emit, costs, timeoutMs, signal, onChunk: this.#onChunk });
  }

  readonly #onChunk = (event: unknown): void => {
    this.#hasBegun = true;
    this.#pieces.push({ text: textOfEvent(this.#journey.request.path, event), event });
    this.#change.fire();
  };

  /** Asked again, a stream that had begun would give its beginning twice. */
  #final(attempt: Attempt & { readonly ok: false }): Attempt {
    this.#failure = attempt.failure;
    return { ...attempt, failure: { ...attempt.failure, retryable: false } };
  }

  #explained({ attempt, attempts }: RetryOutcome): RetryOutcome {
    if (attempt.ok) return { attempt, attempts };
    const failure = this.#failure ?? attempt.failure;
    const isAborted = failure.kind === "cancelled" && this.#options.signal?.aborted === true;
    return { attempt: { ...attempt, failure: isAborted ? cancelled(aborted) : this.#journey.explain(failure) }, attempts };
  }
}

/** Why what a call was to do was not done. */
export const aborted = "the call was aborted";

function brokenBy(error: unknown): Attempt {
  return { ok: false, failure: internal(messageOf(error)) };
}
