import { once } from "node:events";
import type { Attempt, FailedAttempt, ModelResponse } from "../../model/attempt.ts";
import { type Asker, liveAsker, type Target } from "../../model/demand.ts";
import { messageOf } from "../../model/errors.ts";
import { budgetExceeded, cancelled, type Failure, internal } from "../../model/failure.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { BatchResult, FailedResult, SucceededResult } from "../../model/result.ts";
import type { OnEvent, Provider, ReceivedEvent } from "../../providers/providers.ts";
import { Retries } from "../../retry/retry.ts";
import { Journey } from "../journey.ts";
import { RequestNames } from "../request-names.ts";
import type { RequestWalkOptions } from "../request-walk.ts";
import { failedResult, succeededResult } from "../results.ts";
import type { RunSettings } from "../run-settings.ts";
import { reasonNotToSend } from "../sendable.ts";
import { sendAttempt } from "../send-attempt.ts";
import { CallStop } from "./call-stop.ts";
import type { SharedCall } from "./live-cache.ts";

export interface LiveListener {
  /** An attempt begins, or, without a target, that of an identical request whose answer it shares: it waits for a limit no longer. */
  readonly onStart?: ((target?: Target) => void) | undefined;
  /** An attempt has ended. */
  readonly onAttempt?: ((attempt: Attempt, target: Target, durationMs: number) => void) | undefined;
  /** Receives a streamed answer, which is asked for as a stream where this is given. */
  readonly onEvent?: OnEvent | undefined;
  /** It waited before, and goes before those that did not. @default false */
  readonly goesFirst?: boolean | undefined;
  /** Who asks: whose turn it is where several wait. @default a live client without a name */
  readonly asker?: Asker | undefined;
}

/** What came of a call. */
export interface LiveOutcome {
  /** The answer, or the last failure, whose message then says how often or how long it was tried. */
  readonly attempt: Attempt;
  /** How often it was asked. */
  readonly attempts: number;
  /** @default "asked" */
  readonly source?: SucceededResult["source"];
}

/** @returns its result already where the request cannot be sent at all: it counts like any other that failed. */
export function beginLiveCall(
  request: BatchRequest,
  { walk, stop }: RunSettings,
  listener: LiveListener,
): LiveCall | FailedResult {
  const { provider, preparer, emitter, countTokens } = walk;
  const { customId, lineNumber } = request;
  const names = new RequestNames(provider, false);
  let failure: Failure | undefined;
  try {
    const { asker = liveAsker } = listener;
    const client = asker.client || undefined;
    emitter.emit({ type: "request-start", customId, lineNumber, client });
    failure = reasonNotToSend(request, provider);
    if (failure === undefined) {
      const ready = preparer.prepare(request);
      preparer.tell(ready);
      const name = names.name({ occurrence: 0, ...ready.request });
      const journey = new Journey(ready, 0, name, provider, undefined, countTokens);
      journey.askFor(asker);
      if (listener.goesFirst) journey.goFirst();
      return new LiveCall(journey, walk, new CallStop(stop.drainMs), listener);
    }
  } catch (error) {
    failure = internal(messageOf(error));
  }
  const id = names.spareId(request);
  const result = failedResult({ id, index: 0, request }, { failure }, 0);
  emitter.end(request, result);
  return result;
}

/** One request whose answer is passed on as it comes. It is asked again only as long as nothing of its answer has come. */
export class LiveCall {
  /** Ends it before its time. */
  readonly stop: CallStop;
  readonly #journey: Journey;
  readonly #options: RequestWalkOptions;
  readonly #listener: LiveListener;
  /** Something of the answer has come. */
  #hasBegun = false;
  /** What ended an answer that had begun. */
  #failure: Failure | undefined;
  /** Its answer is shared and kept: what is called as an attempt begins. */
  #onSent: (() => void) | undefined;

  constructor(journey: Journey, options: RequestWalkOptions, stop: CallStop, listener: LiveListener) {
    this.#journey = journey;
    this.#options = options;
    this.stop = stop;
    this.#listener = listener;
  }

  /**
   * Does not reject: what a part of the program's own throws, or a bug, is a failure of kind `internal`.
   *
   * @param onSent Called as an attempt begins, of a call whose answer is to be kept.
   */
  async ask(onSent?: () => void): Promise<LiveOutcome> {
    this.#onSent = onSent;
    try {
      return this.#explained(await this.#askUntilBegun());
    } catch (error) {
      return this.#explained({ attempt: { ok: false, failure: internal(messageOf(error)) }, attempts: 0 });
    }
  }

  get request(): BatchRequest {
    return this.#journey.request;
  }

  get provider(): Provider {
    return this.#options.provider;
  }

  /** Ends with an answer that was not asked for now. */
  recalled(response: ModelResponse): LiveOutcome {
    this.#journey.savedUsd = this.#options.costs.savedBy(response.usage, this.#journey.request);
    return { attempt: { ok: true, response }, attempts: 0, source: "cache" };
  }

  /** Waits for the answer of an identical request instead. @returns undefined where there is none, or this one has ended before. */
  async follow({ sent, answer: shared }: SharedCall): Promise<ModelResponse | undefined> {
    const over = new AbortController();
    const { signal } = this.stop;
    if (signal.aborted) return undefined;
    const start = async (): Promise<void> => {
      await sent;
      if (over.signal.aborted || signal.aborted) return;
      this.stop.startAttempt();
      this.#listener.onStart?.();
    };
    void start();
    const stopped = once(signal, "abort", over).then(
      () => undefined,
      () => undefined,
    );
    const answer = await Promise.race([shared, stopped]);
    over.abort();
    this.stop.endAttempt();
    return answer;
  }

  /** Tells of its end. @returns its result. */
  end({ attempt, attempts, source = "asked" }: LiveOutcome): BatchResult {
    this.stop.close();
    const result = attempt.ok
      ? succeededResult(this.#journey, attempt.response, source, attempts)
      : failedResult(this.#journey, attempt, attempts);
    return this.#options.emitter.end(this.#journey.request, result);
  }

  async #askUntilBegun(): Promise<LiveOutcome> {
    const { limiter, budget, retryRules, emitter, onRetry } = this.#options;
    const { signal } = this.stop;
    const send = (target: Target): Promise<Attempt> => this.#send(target);
    const retries = new Retries(retryRules);
    for (;;) {
      this.#journey.begin(retries.attempts + 1);
      const { demand } = this.#journey;
      const ask = (): Promise<Attempt> => limiter.run(demand, send, signal);
      const attempt = await budget.run(this.#journey, demand, signal, budgetExceeded, ask);
      if (attempt.ok) {
        retries.succeeded();
        return { attempt, attempts: retries.attempts };
      }
      const next = retries.failed(this.#hasBegun ? this.#final(attempt) : this.#journey.marked(attempt));
      if (!("waitMs" in next)) return { attempt: next, attempts: retries.attempts };
      emitter.tellRetry(this.#journey.request, next, onRetry);
      const stopped = await retries.rest(next, signal);
      if (stopped !== undefined) return { attempt: stopped, attempts: retries.attempts };
    }
  }

  #send(target: Target): Promise<Attempt> {
    const { provider, emitter, timeoutMs, costs } = this.#options;
    this.stop.startAttempt();
    this.#onSent?.();
    this.#listener.onStart?.(target);
    return sendAttempt(this.#journey, target, {
      provider,
      emit: emitter.emit,
      costs,
      timeoutMs,
      signal: this.stop.signal,
      onEvent: this.#listener.onEvent === undefined ? undefined : this.#onEvent,
      keepsAnswer: this.#onSent !== undefined,
      onEnd: this.#onAttemptEnd,
    });
  }

  readonly #onAttemptEnd = (attempt: Attempt, target: Target): void => {
    this.stop.endAttempt();
    this.#listener.onAttempt?.(attempt, target, this.#journey.latencyMs);
  };

  readonly #onEvent = (event: ReceivedEvent): Promise<void> | undefined => {
    this.#hasBegun = true;
    return this.#listener.onEvent?.(event);
  };

  /** Asked again, an answer that had begun would give its beginning twice. */
  #final(attempt: FailedAttempt): FailedAttempt {
    this.#failure = attempt.failure;
    return { ...attempt, failure: { ...attempt.failure, retryable: false } };
  }

  #explained({ attempt, attempts }: LiveOutcome): LiveOutcome {
    if (attempt.ok) return { attempt, attempts };
    const failure = this.#failure ?? attempt.failure;
    const { reason } = this.stop;
    const isStopped = failure.kind === "cancelled" && reason !== undefined;
    return { attempt: { ...attempt, failure: isStopped ? cancelled(reason.message) : this.#journey.explain(failure) }, attempts };
  }
}
