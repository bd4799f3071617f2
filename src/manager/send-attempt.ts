import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import type { Observer } from "../model/event.ts";
import type { Failure } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";
import { isEmptyAnswer, type OnChunk, type Provider } from "../providers/providers.ts";
import type { Journey } from "./journey.ts";

interface SendAttemptOptions {
  readonly provider: Provider;
  readonly emit: Observer;
  readonly signal: AbortSignal;
  readonly onChunk?: OnChunk;
  /** Whether an empty answer is a failure. @default false */
  readonly retryEmpty?: boolean;
}

/** Asks once, between two events, and notes on the journey what failed. */
export async function sendAttempt(
  journey: Journey,
  target: Target,
  { provider, emit, signal, onChunk, retryEmpty = false }: SendAttemptOptions,
): Promise<Attempt> {
  const { request, attempt: number, askedAtMs } = journey;
  const { customId, lineNumber } = request;
  const name = journey.nameOf(target);
  journey.sent += 1;
  const startedAtMs = performance.now();
  const waitedMs = startedAtMs - askedAtMs;
  emit({ type: "attempt-start", customId, lineNumber, attempt: number, waitedMs, ...(name && { target: name }) });
  const answered = await provider.send(request, { signal, target, requestId: journey.id, onChunk });
  const attempt = retryEmpty ? refuseEmpty(answered, request) : answered;
  const durationMs = performance.now() - startedAtMs;
  const usage = attempt.ok ? attempt.response.usage : attempt.usage;
  const outcome = { ...(usage !== undefined && { usage }), ...(!attempt.ok && { failure: attempt.failure }) };
  const askedWhom = { provider: target.name, model: journey.modelAt(target) };
  emit({ type: "attempt-end", customId, lineNumber, attempt: number, ...askedWhom, durationMs, ...outcome });
  if (!attempt.ok) journey.noteFailure(target, attempt.failure);
  return attempt;
}

/** Makes a failure, which is asked again, of an answer that says nothing. Its body and what it cost are kept. */
function refuseEmpty(attempt: Attempt, { path }: BatchRequest): Attempt {
  if (!attempt.ok || !isEmptyAnswer(path, attempt.response)) return attempt;
  const { usage, ...response } = attempt.response;
  const { statusCode } = response;
  const message = `HTTP ${statusCode}: the answer is empty: it has no text, and calls no tool`;
  const failure: Failure = { kind: "invalid_response", message, retryable: true, statusCode };
  return { ...attempt, ok: false, failure, response, usage };
}
