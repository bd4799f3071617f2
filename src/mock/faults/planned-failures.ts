import { DigestCounts } from "../../model/counting/digest-counts.ts";
import { chance, firstWord } from "../chance.ts";
import { errorReply, type Reply } from "../reply.ts";

/** Draws of their own, apart from those that make up answers. */
const failSalt = 0x10000;
const kindSalt = 0x20000;

/**
 * Fails a share of the attempts on purpose. Whether the n-th attempt of a body fails depends on seed, body and n alone, not on
 * time or order, so a run can be repeated, and a retry of what failed has a chance of its own.
 */
export class PlannedFailures {
  readonly #failRate: number;
  readonly #attempts = new DigestCounts();

  /** @param failRate From 0 to 1. */
  constructor(failRate: number) {
    this.#failRate = failRate;
  }

  /** Counts one attempt. @returns the failure planned for it, a third each of 429, 500 and 503; undefined if it may succeed. */
  next(digest: string): Reply | undefined {
    if (this.#failRate === 0) return undefined;
    const attempt = this.#attempts.add(digest);
    const word = firstWord(digest);
    if (chance(word, failSalt + attempt) >= this.#failRate) return undefined;
    return plannedFailure(Math.floor(chance(word, kindSalt + attempt) * 3));
  }
}

const retryAfterMs = 20;

function plannedFailure(kind: number): Reply {
  switch (kind) {
    case 0:
      return errorReply(429, `Rate limit reached, on purpose (mock). Please try again in ${retryAfterMs}ms.`, {
        type: "requests",
        code: "rate_limit_exceeded",
        headers: { "retry-after-ms": String(retryAfterMs) },
      });
    case 1:
      return errorReply(500, "The server had an error, on purpose (mock).", { type: "server_error" });
    default:
      return errorReply(503, "The engine is overloaded, on purpose (mock).", {
        type: "server_error",
        code: "service_unavailable",
      });
  }
}
