import { RequestFailedError, messageOf } from "../model/errors.ts";
import type { Limiter } from "../limiters/limiters.ts";
import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import type { Observer } from "../model/event.ts";
import { type Failure, internal } from "../model/failure.ts";
import type { BatchInput } from "../model/request.ts";
import type { Provider } from "../providers/providers.ts";
import { retry, type RetryOutcome, type RetryRules } from "../retry/retry.ts";
import { Journey } from "./journey.ts";
import { RequestNames } from "./request-names.ts";
import { failedResult, succeededResult } from "./results.ts";
import { sendAttempt } from "./send-attempt.ts";
import { reasonNotToSend } from "./sendable.ts";
import { Wakeup } from "./queues/wakeup.ts";

interface StreamRequestOptions {
  readonly provider: Provider;
  readonly limiter: Limiter;
  readonly retryRules: RetryRules;
  readonly emit: Observer;
}

/** @see RequestManager.stream */
export async function* streamRequest(input: BatchInput, options: StreamRequestOptions): AsyncGenerator<unknown> {
  if (input.kind === "invalid-line") throw new RequestFailedError(input.failure);
  const { provider, emit } = options;
  const failure = reasonNotToSend(input, provider);
  if (failure !== undefined) throw new RequestFailedError(failure);
  const { customId, lineNumber } = input;
  const journey = new Journey(input, new RequestNames(provider, false).name(input), provider);
  const stream = new RequestStream(journey, options);
  emit({ type: "request-start", customId, lineNumber });
  const asking = stream.ask();
  try {
    yield* stream.chunks();
  } finally {
    stream.abandon();
    const { attempt, attempts } = await asking;
    const result = attempt.ok
      ? succeededResult(journey, attempt.response, "asked", attempts)
      : failedResult(journey, attempt, attempts);
    emit({ type: "request-end", result });
  }
}

/** One request, asked until its stream begins, and the chunks that its caller has not taken yet. */
class RequestStream {
  readonly #journey: Journey;
  readonly #options: StreamRequestOptions;
  readonly #abandoned = new AbortController();
  /** A chunk came, or the end. */
  readonly #change = new Wakeup();
  #chunks: unknown[] = [];
  #hasBegun = false;
  #outcome: RetryOutcome | undefined;
  /** What ended a stream that had begun. */
  #failure: Failure | undefined;

  constructor(journey: Journey, options: StreamRequestOptions) {
    this.#journey = journey;
    this.#options = options;
  }

  /** Does not reject: a bug is a failure of kind `internal`. */
  async ask(): Promise<RetryOutcome> {
    const outcome = await this.#askUntilBegun().catch((error: unknown) => ({ attempt: brokenBy(error), attempts: 0 }));
    this.#outcome = this.#explained(outcome);
    this.#change.fire();
    return this.#outcome;
  }

  /** The caller does not take the rest. */
  abandon(): void {
    this.#abandoned.abort();
  }

  /** @throws RequestFailedError after the last chunk of an answer that did not come whole. */
  async *chunks(): AsyncGenerator<unknown> {
    while (this.#outcome === undefined || this.#chunks.length > 0) {
      if (this.#chunks.length === 0) await this.#change.wait();
      yield* this.#chunks.splice(0);
    }
    const { attempt } = this.#outcome;
    if (!attempt.ok) throw new RequestFailedError(attempt.failure);
    if (!this.#hasBegun) yield JSON.parse(attempt.response.body);
  }

  #askUntilBegun(): Promise<RetryOutcome> {
    const { limiter, retryRules, emit } = this.#options;
    const { customId, lineNumber } = this.#journey.request;
    const { signal } = this.#abandoned;
    return retry(
      async (number) => {
        this.#journey.begin(number);
        const attempt = await limiter.run(this.#journey.demand, (target) => this.#send(target), signal);
        return this.#hasBegun && !attempt.ok ? this.#final(attempt.failure) : this.#journey.marked(attempt);
      },
      retryRules,
      signal,
      (wait) => emit({ type: "retry-wait", customId, lineNumber, ...wait }),
    );
  }

  #send(target: Target): Promise<Attempt> {
    const { provider, emit } = this.#options;
    return sendAttempt(this.#journey, target, { provider, emit, signal: this.#abandoned.signal, onChunk: this.#onChunk });
  }

  readonly #onChunk = (chunk: unknown): void => {
    this.#hasBegun = true;
    this.#chunks.push(chunk);
    this.#change.fire();
  };

  /** Asked again, a stream that had begun would give its beginning twice. */
  #final(failure: Failure): Attempt {
    this.#failure = failure;
    return { ok: false, failure: { ...failure, retryable: false } };
  }

  #explained({ attempt, attempts }: RetryOutcome): RetryOutcome {
    if (attempt.ok) return { attempt, attempts };
    return { attempt: { ...attempt, failure: this.#journey.explain(this.#failure ?? attempt.failure) }, attempts };
  }
}

function brokenBy(error: unknown): Attempt {
  return { ok: false, failure: internal(messageOf(error)) };
}
