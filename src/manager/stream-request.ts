import { RequestFailedError, messageOf } from "../model/errors.ts";
import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import { cancelled, type Failure, internal } from "../model/failure.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import { textOfAnswer, textOfEvent } from "../providers/providers.ts";
import { retry, type RetryOutcome } from "../retry/retry.ts";
import { Journey } from "./journey.ts";
import { RequestNames } from "./request-names.ts";
import { failedResult, succeededResult } from "./results.ts";
import type { RequestWalkOptions } from "./request-walk.ts";
import type { RunSettings } from "./run-settings.ts";
import { RunStop } from "./stops/run-stop.ts";
import { aborted } from "./stops/under-way.ts";
import { sendAttempt } from "./send-attempt.ts";
import { reasonNotToSend } from "./sendable.ts";
import { Wakeup } from "./queues/wakeup.ts";

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

/**
 * @param register Called when it begins; what that returns, when it has ended.
 * @see RequestManager.stream
 */
export async function* streamRequest(
  input: BatchInput,
  { walk, stop }: RunSettings,
  register: (stop: RunStop) => () => void,
): AsyncGenerator<StreamPiece> {
  if (input.kind === "invalid-line") throw new RequestFailedError(input.failure);
  const journey = begin(input, walk);
  const ending = new RunStop(
    stop,
    () => {},
    () => 0,
  );
  const ended = register(ending);
  const stream = new RequestStream(journey, walk, ending);
  const asking = stream.ask();
  try {
    yield* stream.pieces();
  } finally {
    ending.abort({ reason: "interrupted", message: aborted });
    const { attempt, attempts } = await asking;
    ending.close();
    ended();
    const result = attempt.ok
      ? succeededResult(journey, attempt.response, "asked", attempts)
      : failedResult(journey, attempt, attempts);
    walk.emitter.end(input, result);
  }
}

/** @throws RequestFailedError when the request cannot be sent. */
function begin(request: BatchRequest, { provider, emitter }: RequestWalkOptions): Journey {
  const { customId, lineNumber } = request;
  let failure: Failure | undefined;
  try {
    failure = reasonNotToSend(request, provider);
    if (failure === undefined) {
      const journey = new Journey(request, 0, new RequestNames(provider, false).name(request), provider);
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
  readonly #options: RequestWalkOptions;
  /** Ends it before its time. */
  readonly #stop: RunStop;
  /** A piece came, or the end. */
  readonly #change = new Wakeup();
  #pieces: StreamPiece[] = [];
  #hasBegun = false;
  #outcome: RetryOutcome | undefined;
  /** What ended a stream that had begun. */
  #failure: Failure | undefined;

  constructor(journey: Journey, options: RequestWalkOptions, stop: RunStop) {
    this.#journey = journey;
    this.#options = options;
    this.#stop = stop;
  }

  /** Does not reject: what a part of the program's own throws, or a bug, is a failure of kind `internal`. */
  async ask(): Promise<RetryOutcome> {
    const outcome = await this.#askUntilBegun().catch((error: unknown) => ({ attempt: brokenBy(error), attempts: 0 }));
    this.#outcome = this.#explained(outcome);
    this.#change.fire();
    return this.#outcome;
  }

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
    return retry(
      async (number) => {
        this.#journey.begin(number);
        const attempt = await limiter.run(this.#journey.demand, (target) => this.#send(target), this.#stop.startSignal);
        return this.#hasBegun && !attempt.ok ? this.#final(attempt) : this.#journey.marked(attempt);
      },
      retryRules,
      this.#stop.waitSignal,
      (wait) => {
        const event = { type: "retry-wait", customId, lineNumber, ...wait } as const;
        emitter.emit(event);
        onRetry?.(event);
      },
    );
  }

  #send(target: Target): Promise<Attempt> {
    const { provider, emitter, timeoutMs, costs } = this.#options;
    const signal = this.#stop.attemptSignal;
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
    const { reason } = this.#stop;
    const isStopped = failure.kind === "cancelled" && reason !== undefined;
    return { attempt: { ...attempt, failure: isStopped ? cancelled(reason.message) : this.#journey.explain(failure) }, attempts };
  }
}

function brokenBy(error: unknown): Attempt {
  return { ok: false, failure: internal(messageOf(error)) };
}
