import type { Attempt } from "../model/attempt.ts";
import type { Target } from "../model/demand.ts";
import type { Observer } from "../model/event.ts";
import type { OnChunk, Provider } from "../providers/providers.ts";
import type { Journey } from "./journey.ts";

interface SendAttemptOptions {
  readonly provider: Provider;
  readonly emit: Observer;
  readonly signal: AbortSignal;
  readonly onChunk?: OnChunk;
}

/** Asks once, between two events, and notes on the journey what failed. */
export async function sendAttempt(
  journey: Journey,
  target: Target,
  { provider, emit, signal, onChunk }: SendAttemptOptions,
): Promise<Attempt> {
  const { request, attempt: number, askedAtMs } = journey;
  const { customId, lineNumber } = request;
  const name = journey.nameOf(target);
  journey.sent += 1;
  const startedAtMs = performance.now();
  const waitedMs = startedAtMs - askedAtMs;
  emit({ type: "attempt-start", customId, lineNumber, attempt: number, waitedMs, ...(name && { target: name }) });
  const attempt = await provider.send(request, { signal, target, onChunk });
  const durationMs = performance.now() - startedAtMs;
  const usage = attempt.ok ? attempt.response.usage : attempt.usage;
  const outcome = { ...(usage !== undefined && { usage }), ...(!attempt.ok && { failure: attempt.failure }) };
  const askedWhom = { provider: target.name, model: journey.modelAt(target) };
  emit({ type: "attempt-end", customId, lineNumber, attempt: number, ...askedWhom, durationMs, ...outcome });
  if (!attempt.ok) journey.noteFailure(target, attempt.failure);
  return attempt;
}
