import type { Attempt, SucceededAttempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import { messageOf } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { type Failure, internal } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";
import { isEmptyAnswer, type OnChunk, type Provider } from "../providers/providers.ts";
import type { Costs } from "./money/costs.ts";
import type { Journey } from "./journey.ts";

interface SendAttemptOptions {
  readonly provider: Provider;
  readonly emit: Observer;
  readonly costs: Costs;
  readonly signal: AbortSignal;
  /** Beside the provider's own. */
  readonly timeoutMs?: number | undefined;
  readonly onChunk?: OnChunk;
  /** Whether an empty answer is a failure. @default false */
  readonly retryEmpty?: boolean;
}

/** Asks once, between two events, and notes on the journey what failed. What the provider or an observer throws is a failure. */
export async function sendAttempt(journey: Journey, target: Target, options: SendAttemptOptions): Promise<Attempt> {
  const { emit, costs } = options;
  const { request, attempt: number, askedAtMs } = journey;
  const { customId, lineNumber } = request;
  const name = journey.nameOf(target);
  journey.sentTo(target);
  const startedAtMs = performance.now();
  const waitedMs = startedAtMs - askedAtMs;
  let attempt: Attempt;
  try {
    emit({ type: "attempt-start", customId, lineNumber, attempt: number, waitedMs, ...(name && { target: name }) });
    attempt = await ask(journey, target, options);
  } catch (error) {
    attempt = { ok: false, failure: internal(messageOf(error)) };
  }
  const durationMs = performance.now() - startedAtMs;
  journey.latencyMs = durationMs;
  const usage = attempt.ok ? attempt.response.usage : attempt.usage;
  const askedWhom = { provider: target.name, model: journey.modelAt(target) };
  const costUsd = usage === undefined ? undefined : costs.costOf(usage, { ...askedWhom, baseUrl: target.baseUrl });
  if (costUsd !== undefined) journey.spend(costUsd);
  journey.reservation?.settle(attempt, usage, costUsd ?? null);
  const spent = usage !== undefined && { usage, costUsd: costUsd ?? null };
  const outcome = { ...spent, ...(!attempt.ok && { failure: attempt.failure }) };
  try {
    emit({ type: "attempt-end", customId, lineNumber, attempt: number, ...askedWhom, durationMs, ...outcome });
  } catch (error) {
    attempt = { ...attempt, ok: false, failure: internal(messageOf(error)) };
  }
  if (!attempt.ok) journey.noteFailure(target, attempt.failure);
  return attempt;
}

async function ask(journey: Journey, target: Target, options: SendAttemptOptions): Promise<Attempt> {
  const { signal, timeoutMs, retryEmpty = false } = options;
  const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
  const { provider, onChunk } = options;
  const { reservation } = journey;
  const maySendAgain = reservation && (() => reservation.again());
  const sending = { target, requestId: journey.id, onChunk, maySendAgain };
  const attempt = await provider.send(journey.request, {
    ...sending,
    signal: timeout === undefined ? signal : AbortSignal.any([signal, timeout]),
  });
  if (attempt.ok) return retryEmpty ? refuseEmpty(attempt, journey.request) : attempt;
  if (timeoutMs === undefined || attempt.failure.kind !== "cancelled" || signal.aborted) return attempt;
  return timeout?.aborted ? { ...attempt, failure: timedOut(timeoutMs) } : attempt;
}

/** Makes a failure, which is asked again, of an answer that says nothing. Its body and what it cost are kept. */
function refuseEmpty(attempt: SucceededAttempt, { path }: BatchRequest): Attempt {
  if (!isEmptyAnswer(path, attempt.response)) return attempt;
  const { usage, ...response } = attempt.response;
  const { statusCode } = response;
  const message = `HTTP ${statusCode}: the answer is empty: it has no text, and calls no tool`;
  const failure: Failure = { kind: "invalid_response", message, retryable: true, statusCode };
  return { ...attempt, ok: false, failure, response, usage };
}

function timedOut(timeoutMs: number): Failure {
  return { kind: "timeout", message: `no whole answer within the ${timeoutMs / 1000} s of this call`, retryable: true };
}
