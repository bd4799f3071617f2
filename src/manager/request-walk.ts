import type { CacheStore } from "../caches/cache-store.ts";
import type { Limiter } from "../limiters/limiter.ts";
import type { Answer, Attempt, FailedAttempt } from "../model/attempt.ts";
import type { Observer } from "../model/event.ts";
import type { Failure, Outage } from "../model/failure.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import type { BatchResult, FailedResult, SucceededResult } from "../model/result.ts";
import type { Provider } from "../providers/provider.ts";
import { retry, type RetryRules } from "../retry/retry.ts";
import { refusalOf } from "./refusal.ts";
import { demandAt, explain, marked, noTriedTargets, type TriedTargets } from "./tried-targets.ts";

export interface RequestWalkOptions {
  readonly provider: Provider;
  readonly limiter: Limiter;
  readonly cache: CacheStore | undefined;
  readonly refresh: boolean;
  readonly dedupe: boolean;
  readonly retryRules: RetryRules;
  readonly emit: Observer;
  /** Hears how each attempt ended, before another request can start in its place. */
  readonly onAttempt: (attempt: Attempt, model: string) => void;
  /** Hears that an answer could not be kept, before another request can start in its place: that one's would be lost as well. */
  readonly onCommitFailure: (error: unknown) => void;
  readonly onOutage: (outage: Outage, why: string) => void;
  /** Ends waits: for a permit, before a retry. */
  readonly waitSignal: AbortSignal;
  /** Ends attempts in flight. */
  readonly attemptSignal: AbortSignal;
}

/** A request with the names that it has in every run. */
export interface NamedRequest {
  readonly request: BatchRequest;
  /** Of its result: `batch_req_…`. */
  readonly id: string;
  /** Of its answer in the cache. Identical requests have one in common only where they share an answer (`dedupe`). */
  readonly key: string;
}

/** Walks requests from recall to commit: an answer that is remembered is not asked for, one that was asked for is remembered. */
export class RequestWalk {
  readonly #options: RequestWalkOptions;
  readonly #underWay = new Map<string, Promise<BatchResult>>();

  constructor(options: RequestWalkOptions) {
    this.#options = options;
  }

  /** @throws CacheError when the cache cannot be read or written. Failures are results. */
  walk(named: NamedRequest): Promise<BatchResult> {
    return this.#options.dedupe ? this.#walkWithTwins(named) : this.#walkAlone(named);
  }

  async #walkWithTwins(named: NamedRequest): Promise<BatchResult> {
    const { request, id, key } = named;
    const twin = this.#underWay.get(key);
    if (twin !== undefined) return share(await twin, request, id);
    const result = this.#walkAlone(named);
    this.#underWay.set(key, result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(key);
    }
  }

  #walkAlone(named: NamedRequest): Promise<BatchResult> {
    const { cache, refresh } = this.#options;
    return cache === undefined || refresh ? this.ask(named) : this.#recallOrAsk(named);
  }

  async #recallOrAsk(named: NamedRequest): Promise<BatchResult> {
    const answer = await this.#options.cache?.get(named.key);
    return answer === undefined ? this.ask(named) : recalled(named, answer);
  }

  /** The walk of a request that the cache does not know. @throws CacheError when its answer cannot be remembered. */
  async ask({ request, id, key }: NamedRequest): Promise<BatchResult> {
    const { provider, retryRules, waitSignal, emit } = this.#options;
    const { customId, lineNumber } = request;
    const tried = noTriedTargets(provider);
    const { attempt, attempts } = await retry(
      (number) => this.#run(request, key, number, tried),
      retryRules,
      waitSignal,
      (wait) => {
        emit({ type: "retry-wait", customId, lineNumber, ...wait });
        this.#noteOutage(wait.failure, request, tried);
      },
    );
    if (attempt.ok) return succeeded(request, id, attempt.answer, "asked", attempts);
    this.#noteOutage(attempt.failure, request, tried);
    const failure = explain(attempt.failure, provider, request, tried);
    const { answer } = attempt;
    return { status: "failed", ...lineOf(request, id), failure, ...(answer !== undefined && { answer }), attempts };
  }

  #run(request: BatchRequest, key: string, number: number, tried: TriedTargets | undefined): Promise<Attempt> {
    const { provider, limiter, waitSignal } = this.#options;
    const askedAtMs = performance.now();
    const ended = limiter.run(
      demandAt(provider, request, tried),
      (target) => this.#attempt(request, key, number, askedAtMs, target, tried),
      waitSignal,
    );
    return tried === undefined ? ended : ended.then((attempt) => marked(attempt, provider, request, tried));
  }

  /** While there is another place to go, nobody need give up. */
  #noteOutage({ outage, message }: Failure, request: BatchRequest, tried: TriedTargets | undefined): void {
    const { provider, onOutage } = this.#options;
    if (outage === undefined || tried?.areAllOf(demandAt(provider, request, tried)) === false) return;
    onOutage(outage, message);
  }

  /** Holds its slot until the answer is committed, so that a sudden end never costs more answers than there are slots. */
  async #attempt(
    request: BatchRequest,
    key: string,
    number: number,
    askedAtMs: number,
    target: number,
    tried: TriedTargets | undefined,
  ): Promise<Attempt> {
    const { provider, cache, emit, onAttempt, attemptSignal } = this.#options;
    const { customId, lineNumber } = request;
    const targetName = provider.targets?.[target]?.name;
    const startedAt = performance.now();
    const waitedMs = startedAt - askedAtMs;
    emit({ type: "attempt-start", customId, lineNumber, attempt: number, waitedMs, ...(targetName && { target: targetName }) });
    const attempt = await provider.send(request, { signal: attemptSignal, target });
    const durationMs = performance.now() - startedAt;
    const outcome = attempt.ok ? { usage: attempt.answer.usage } : withoutAnswer(attempt);
    emit({ type: "attempt-end", customId, lineNumber, attempt: number, durationMs, ...outcome });
    onAttempt(attempt, targetName === undefined ? request.model : `${request.model} at ${targetName}`);
    if (!attempt.ok) tried?.note(target, attempt.failure);
    else if (cache !== undefined) await this.#commit(cache, key, attempt.answer);
    return attempt;
  }

  async #commit(cache: CacheStore, key: string, answer: Answer): Promise<void> {
    try {
      await cache.set(key, answer);
    } catch (error) {
      this.#options.onCommitFailure(error);
      throw error;
    }
  }
}

function withoutAnswer({ failure, usage }: FailedAttempt): Pick<FailedAttempt, "failure" | "usage"> {
  return usage === undefined ? { failure } : { failure, usage };
}

type LineOfResult = Pick<BatchResult, "id" | "customId" | "lineNumber" | "metadata">;

function lineOf({ customId, lineNumber, metadata }: BatchInput, id: string): LineOfResult {
  return metadata === undefined ? { id, customId, lineNumber } : { id, customId, lineNumber, metadata };
}

/** The result of a line that nobody was asked about. */
export function failedUnasked(input: BatchInput, id: string, failure: Failure): FailedResult {
  return { status: "failed", ...lineOf(input, id), failure, attempts: 0 };
}

/** The result of a request that nobody can be asked; undefined where somebody can. */
export function unanswerable({ request, id }: NamedRequest, provider: Provider): FailedResult | undefined {
  const refusal = refusalOf(request, provider);
  return refusal && failedUnasked(request, id, refusal);
}

/** The result of a request that the cache knows. */
export function recalled({ request, id }: NamedRequest, answer: Answer): SucceededResult {
  return succeeded(request, id, answer, "cache", 0);
}

function succeeded(
  request: BatchRequest,
  id: string,
  answer: Answer,
  source: SucceededResult["source"],
  attempts: number,
): SucceededResult {
  const { customId, lineNumber, metadata } = request;
  // A spread here would cost a microsecond for each line.
  return metadata === undefined
    ? { status: "succeeded", id, customId, lineNumber, answer, source, attempts }
    : { status: "succeeded", id, customId, lineNumber, metadata, answer, source, attempts };
}

/** The result of an identical request, as this line's own. */
function share(result: BatchResult, request: BatchRequest, id: string): BatchResult {
  if (result.status === "succeeded") return succeeded(request, id, result.answer, "shared", 0);
  const { failure, answer } = result;
  return { status: "failed", ...lineOf(request, id), failure, ...(answer && { answer }), attempts: 0 };
}
