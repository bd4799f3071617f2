import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import { messageOf } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { type Failure, internal } from "../model/failure.ts";
import { addUsage, type Usage } from "../model/usage.ts";
import type { OnEvent, Provider } from "../providers/providers.ts";
import type { AnswerChecks } from "./answers/answer-checks.ts";
import type { Costs } from "./money/costs.ts";
import type { Journey } from "./journey.ts";

interface SendAttemptOptions {
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
}

/** Asks once, between two events, and notes on the journey what failed. What the provider or an observer throws is a failure. */
export async function sendAttempt(journey: Journey, target: Target, options: SendAttemptOptions): Promise<Attempt> {
  const { emit, costs, signal, timeoutMs, onEvent, keepsAnswer } = options;
  const { request, attempt: number, askedAtMs } = journey;
  const { customId, lineNumber } = request;
  journey.sentTo(target);
  const startedAtMs = performance.now();
  const waitedMs = startedAtMs - askedAtMs;
  let attempt: Attempt;
  try {
    emit({ type: "attempt-start", customId, lineNumber, attempt: number, waitedMs, target: journey.nameOf(target) });
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const ending = timeout === undefined ? signal : AbortSignal.any([signal, timeout]);
    const { reservation } = journey;
    const maySendAgain = reservation && (() => reservation.again());
    const sending = { target, requestId: journey.id, onEvent, keepsAnswer, maySendAgain, signal: ending };
    const received = await options.provider.send(journey.asked, sending);
    attempt = judged(received, journey, options, timeout);
  } catch (error) {
    attempt = { ok: false, failure: internal(messageOf(error)) };
  }
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
  try {
    emit({ type: "attempt-end", customId, lineNumber, attempt: number, provider, model, durationMs, usage, costUsd, failure });
  } catch (error) {
    attempt = { ...attempt, ok: false, failure: internal(messageOf(error)) };
  }
  if (!attempt.ok) journey.noteFailure(target, attempt.failure);
  return attempt;
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
