import { noUsage } from "../support/usage.ts";
import type { RunEvent } from "../../src/model/event.ts";
import type { Failure, FailureKind } from "../../src/model/failure.ts";
import type { LineResult, SucceededLine } from "../../src/model/result.ts";
import { type Usage } from "../../src/model/usage.ts";
import { type StatsClock, TokenStats } from "../../src/stats/stats.ts";

/** A clock that goes when told to. */
export class HandClock implements StatsClock {
  ms = 5_000_000;

  monotonicMs(): number {
    return this.ms;
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 2, 3, 4, 5) + this.ms - 5_000_000);
  }
}

export function usage(promptTokens: number, completionTokens: number, more: Partial<Usage> = {}): Usage {
  return { ...noUsage, promptTokens, completionTokens, ...more };
}

export function failure(kind: FailureKind, more: Partial<Failure> = {}): Failure {
  return { kind, message: `it was ${kind}`, retryable: false, ...more };
}

export function started(lineNumber: number): RunEvent {
  return { type: "request-start", customId: `request-${lineNumber}`, lineNumber };
}

export function attemptStarted(lineNumber: number, attempt = 1): RunEvent {
  return { type: "attempt-start", customId: `request-${lineNumber}`, lineNumber, attempt, waitedMs: 0 };
}

export function attemptEnded(lineNumber: number, outcome: Partial<Extract<RunEvent, { type: "attempt-end" }>> = {}): RunEvent {
  const whom = { provider: "openai", model: "gpt-5.4-mini" };
  return { type: "attempt-end", customId: `request-${lineNumber}`, lineNumber, attempt: 1, ...whom, durationMs: 100, ...outcome };
}

export function retryWaited(lineNumber: number, attempt = 1): RunEvent {
  const customId = `request-${lineNumber}`;
  return {
    type: "retry-wait",
    customId,
    lineNumber,
    attempt,
    waitMs: 1000,
    failure: failure("server_error", { retryable: true }),
  };
}

export function succeeded(lineNumber: number, source: SucceededLine["source"] = "asked", used: Usage = noUsage): RunEvent {
  const answer = { statusCode: 200, requestId: "req_1", body: '{"secret":"answer"}', usage: used };
  return ended({ ...line(lineNumber), status: "succeeded", source, response: answer, attempts: source === "asked" ? 1 : 0 });
}

export function failed(lineNumber: number, kind: FailureKind): RunEvent {
  return ended({ ...line(lineNumber), status: "failed", failure: failure(kind), attempts: 1 });
}

/** What is counted of these events. */
export function statsOf(...events: readonly RunEvent[]): TokenStats {
  const stats = new TokenStats();
  for (const event of events) stats.observe(event);
  return stats;
}

function ended(result: LineResult): RunEvent {
  return { type: "request-end", result };
}

function line(lineNumber: number): { id: string; customId: string; lineNumber: number } {
  return { id: `batch_req_${lineNumber}`, customId: `request-${lineNumber}`, lineNumber };
}
