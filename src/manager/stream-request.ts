import type { Limiter } from "../limiters/limiter.ts";
import type { Attempt } from "../model/attempt.ts";
import { RequestFailedError } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { type Failure, internal } from "../model/failure.ts";
import { fingerprint } from "../model/fingerprint.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import type { Provider } from "../providers/provider.ts";
import { retry, type RetryOutcome, type RetryRules } from "../retry/retry.ts";
import { refusalOf } from "./refusal.ts";
import { demandAt, explain, marked, noTriedTargets, type TriedTargets } from "./tried-targets.ts";
import { Wakeup } from "./wakeup.ts";

export interface StreamRequestOptions {
  readonly provider: Provider;
  readonly limiter: Limiter;
  readonly retryRules: RetryRules;
  readonly emit: Observer;
}

/** @see RequestManager.stream */
export async function* streamRequest(input: BatchInput, options: StreamRequestOptions): AsyncGenerator<unknown> {
  if (input.kind === "invalid-line") throw new RequestFailedError(input.failure);
  const { provider, emit } = options;
  const refusal = refusalOf(input, provider);
  if (refusal !== undefined) throw new RequestFailedError(refusal);
  const { customId, lineNumber } = input;
  const stream = new RequestStream(input, options);
  emit({ type: "request-start", customId, lineNumber });
  const asking = stream.ask();
  try {
    yield* stream.chunks();
  } finally {
    stream.abandon();
    emit({ type: "request-end", result: resultOf(await asking, input, provider.endpoint(input) ?? "") });
  }
}

/** One request, asked until its stream begins, and the chunks that its caller has not taken yet. */
class RequestStream {
  readonly #request: BatchRequest;
  readonly #options: StreamRequestOptions;
  readonly #abandoned = new AbortController();
  /** A chunk came, or the end. */
  readonly #change = new Wakeup();
  #chunks: unknown[] = [];
  readonly #tried: TriedTargets | undefined;
  #hasBegun = false;
  #outcome: RetryOutcome | undefined;
  /** What ended a stream that had begun. */
  #failure: Failure | undefined;

  constructor(request: BatchRequest, options: StreamRequestOptions) {
    this.#request = request;
    this.#options = options;
    this.#tried = noTriedTargets(options.provider);
  }

  /** Does not reject: a bug is a failure of kind `internal`. */
  async ask(): Promise<RetryOutcome> {
    const outcome = await this.#askUntilBegun().catch((error: unknown) => ({ attempt: brokenBy(error), attempts: 0 }));
    this.#outcome = this.#explained(outcome);
    this.#change.fire();
    return this.#outcome;
  }

  /** Nobody wants the rest. */
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
    if (!this.#hasBegun) yield JSON.parse(attempt.answer.body);
  }

  #askUntilBegun(): Promise<RetryOutcome> {
    const { provider, limiter, retryRules, emit } = this.#options;
    const { customId, lineNumber } = this.#request;
    const { signal } = this.#abandoned;
    return retry(
      async (number) => {
        const askedAtMs = performance.now();
        const demand = demandAt(provider, this.#request, this.#tried);
        const attempt = await limiter.run(demand, (target) => this.#attempt(number, askedAtMs, target), signal);
        if (this.#hasBegun && !attempt.ok) return this.#final(attempt.failure);
        return this.#tried === undefined ? attempt : marked(attempt, provider, this.#request, this.#tried);
      },
      retryRules,
      signal,
      (wait) => emit({ type: "retry-wait", customId, lineNumber, ...wait }),
    );
  }

  async #attempt(number: number, askedAtMs: number, target: number): Promise<Attempt> {
    const { provider, emit } = this.#options;
    const { customId, lineNumber } = this.#request;
    const startedAt = performance.now();
    emit({ type: "attempt-start", customId, lineNumber, attempt: number, waitedMs: startedAt - askedAtMs });
    const attempt = await provider.send(this.#request, { signal: this.#abandoned.signal, target, onChunk: this.#onChunk });
    if (!attempt.ok) this.#tried?.note(target, attempt.failure);
    const durationMs = performance.now() - startedAt;
    const usage = attempt.ok ? attempt.answer.usage : attempt.usage;
    const outcome = { ...(usage !== undefined && { usage }), ...(!attempt.ok && { failure: attempt.failure }) };
    emit({ type: "attempt-end", customId, lineNumber, attempt: number, durationMs, ...outcome });
    return attempt;
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
    const { provider } = this.#options;
    const failure = explain(this.#failure ?? attempt.failure, provider, this.#request, this.#tried);
    return { attempt: { ...attempt, failure }, attempts };
  }
}

function brokenBy(error: unknown): Attempt {
  return { ok: false, failure: internal(error instanceof Error ? error.message : String(error)) };
}

function resultOf({ attempt, attempts }: RetryOutcome, request: BatchRequest, endpoint: string): BatchResult {
  const { customId, lineNumber } = request;
  const line = { id: `batch_req_${fingerprint(endpoint, request.body).slice(0, 24)}`, customId, lineNumber, attempts };
  if (attempt.ok) return { ...line, status: "succeeded", answer: attempt.answer, source: "asked" };
  const { failure, answer } = attempt;
  return { ...line, status: "failed", failure, ...(answer !== undefined && { answer }) };
}
