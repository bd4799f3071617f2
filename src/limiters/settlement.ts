import type { Attempt } from "../model/attempt.ts";
import type { FailureKind } from "../model/failure.ts";
import { totalTokens } from "../model/usage.ts";

/** Kinds of failure of which a server says, or lets one assume, that it did no work. */
const unworked: ReadonlySet<FailureKind> = new Set(["rate_limit", "overloaded", "server_error", "network"]);

/**
 * How many of the tokens that were reserved for an attempt it did not use; negative if it used more. 0 where nobody knows: an answer
 * that reports no tokens, a failure after which the server may have gone on working.
 */
export function unusedTokens(reserved: number, attempt: Attempt): number {
  const usage = attempt.ok ? attempt.answer.usage : attempt.usage;
  const used = usage === undefined ? 0 : totalTokens(usage);
  if (used > 0) return reserved - used;
  return !attempt.ok && unworked.has(attempt.failure.kind) ? reserved : 0;
}
