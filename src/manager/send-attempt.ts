import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import { messageOf } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { type Failure, internal } from "../model/failure.ts";
import { addUsage, type Usage } from "../model/usage.ts";
import type { OnEvent, Provider, SendOptions } from "../providers/providers.ts";
import type { AnswerChecks } from "./answers/answer-checks.ts";
import type { Costs } from "./money/costs.ts";
import type { Journey } from "./journey.ts";

export interface SendAttemptOptions {
  readonly provider: Provider;
  readonly emit: Observer;
  readonly costs: Costs;
  readonly signal: AbortSignal;
  /** Beside the provider's own. */
  readonly timeoutMs?: number | undefined;
  readonly onEvent?: OnEvent | undefined;
  /** @see SendOptions */
  readonly keepsAnswer?: boolean | undefined;
  /** What an answer has to be. @default whole */
  readonly checks?: AnswerChecks;
  /** Called with the attempt when all is told, before another one can start. */
  readonly onEnd: (attempt: Attempt, target: Target, journey: Journey) => void;
}

/** Asks once, between two events, and notes on the journey what failed. What the provider or an observer throws is a failure. */
export async function sendAttempt(journey: Journey, target: Target, options: SendAttemptOptions): Promise<Attempt> {
  const startedAtMs = performance.now();
  let attempt: Attempt;
  try {
    tellStart(journey, target, options, startedAtMs);
    const { timeoutMs } = options;
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const received = await options.provider.send(journey.asked, sendingOf(journey, target, options, timeout));
    attempt = judged(received, journey, options, timeout);
  } catch (error) {
    attempt = { ok: false, failure: internal(messageOf(error)) };
  }
  attempt = tellEnd(attempt, journey, target, options, startedAtMs);
  options.onEnd(attempt, target, journey);
  return attempt;
}

function tellStart(journey: Journey, target: Target, { emit }: SendAttemptOptions, startedAtMs: number): void {
  const { request, attempt, askedAtMs } = journey;
  const { customId, lineNumber } = request;
  journey.sentTo(target);
  const waitedMs = startedAtMs - askedAtMs;
  emit({ type: "attempt-start", customId, lineNumber, attempt, waitedMs, target: journey.nameOf(target) });
}

/** @param timeout Of this attempt, where the call has one. */
function sendingOf(
  { id: requestId, reservation }: Journey,
  target: Target,
  { signal, onEvent, keepsAnswer }: SendAttemptOptions,
  timeout: AbortSignal | undefined,
): SendOptions {
  const maySendAgain = reservation && (() => reservation.again());
  const ending = timeout === undefined ? signal : AbortSignal.any([signal, timeout]);
  return { target, requestId, onEvent, keepsAnswer, maySendAgain, signal: ending };
}

/** Settles what it took. @returns the attempt, which fails where an observer throws at its end. */
function tellEnd(
  attempt: Attempt,
  journey: Journey,
  target: Target,
  { emit, costs }: SendAttemptOptions,
  startedAtMs: number,
): Attempt {
  const { request, attempt: number } = journey;
  const { customId, lineNumber } = request;
  const durationMs = attempt.calls?.latencyMs ?? performance.now() - startedAtMs;
  journey.latencyMs = durationMs;
  if (attempt.calls !== undefined) journey.sent += attempt.calls.count - 1;
  const usage = billedOf(attempt);
  const { name: provider, baseUrl } = target;
  const model = journey.modelAt(target);
  const costUsd = usage === undefined ? undefined : costs.costOf(usage, { provider, model, baseUrl });
  if (costUsd !== undefined) journey.spend(costUsd);
  journey.reservation?.settle(attempt, usage, costUsd ?? null);
  const failure = attempt.ok ? undefined : attempt.failure;
  const { calls } = attempt;
  let told = attempt;
  try {
    emit({
      type: "attempt-end",
      customId,
      lineNumber,
      attempt: number,
      provider,
      model,
      durationMs,
      usage,
      costUsd,
      failure,
      calls,
    });
  } catch (error) {
    told = { ...attempt, ok: false, failure: internal(messageOf(error)) };
  }
  if (!told.ok) journey.noteFailure(target, told.failure);
  return told;
}

function billedOf(attempt: Attempt): Usage | undefined {
  const own = attempt.ok ? attempt.response.usage : attempt.usage;
  const others = attempt.calls?.usage;
  return own === undefined || others === undefined ? (own ?? others) : addUsage(own, others);
}

/** What the rules of its call make of an attempt. @param timeout Of this attempt, where the call has one. */
function judged(
  attempt: Attempt,
  journey: Journey,
  { signal, timeoutMs, checks }: SendAttemptOptions,
  timeout: AbortSignal | undefined,
): Attempt {
  if (attempt.ok) {
    const refused = checks?.refuse(journey, attempt.response);
    return refused === undefined ? attempt : { ...attempt, ...refused };
  }
  if (timeoutMs === undefined || attempt.failure.kind !== "cancelled" || signal.aborted) return attempt;
  return timeout?.aborted ? { ...attempt, failure: timedOut(timeoutMs) } : attempt;
}

function timedOut(timeoutMs: number): Failure {
  return { kind: "timeout", message: `no whole answer within the ${timeoutMs / 1000} s of this call`, retryable: true };
}
