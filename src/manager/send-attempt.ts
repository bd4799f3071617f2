import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import { messageOf } from "../model/errors.ts";
import type { Observer } from "../model/event.ts";
import { type Failure, internal } from "../model/failure.ts";
import type { OnChunk, Provider } from "../providers/providers.ts";
import type { Journey } from "./journey.ts";

interface SendAttemptOptions {
  readonly provider: Provider;
  readonly emit: Observer;
  readonly signal: AbortSignal;
  /** Beside the provider's own. */
  readonly timeoutMs?: number | undefined;
  readonly onChunk?: OnChunk;
}

/** Asks once, between two events, and notes on the journey what failed. What the provider or an observer throws is a failure. */
export async function sendAttempt(journey: Journey, target: Target, options: SendAttemptOptions): Promise<Attempt> {
  const { emit } = options;
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
  const outcome = { ...(usage !== undefined && { usage }), ...(!attempt.ok && { failure: attempt.failure }) };
  try {
    emit({ type: "attempt-end", customId, lineNumber, attempt: number, durationMs, ...outcome });
  } catch (error) {
    attempt = { ...attempt, ok: false, failure: internal(messageOf(error)) };
  }
  if (!attempt.ok) journey.noteFailure(target, attempt.failure);
  return attempt;
}

async function ask({ request }: Journey, target: Target, options: SendAttemptOptions): Promise<Attempt> {
  const { provider, signal, timeoutMs, onChunk } = options;
  if (timeoutMs === undefined) return provider.send(request, { signal, target, onChunk });
  const timeout = AbortSignal.timeout(timeoutMs);
  const attempt = await provider.send(request, { signal: AbortSignal.any([signal, timeout]), target, onChunk });
  const isTimedOut = !attempt.ok && attempt.failure.kind === "cancelled" && timeout.aborted && !signal.aborted;
  return isTimedOut ? { ...attempt, failure: timedOut(timeoutMs) } : attempt;
}

function timedOut(timeoutMs: number): Failure {
  return { kind: "timeout", message: `no whole answer within the ${timeoutMs / 1000} s of this call`, retryable: true };
}
