import type { Answer, AnsweredAttempt } from "../model/attempt.ts";
import type { RateLimitReport } from "../model/rate-limit.ts";
import { noUsage } from "../model/usage.ts";

const forgotten: Answer = { statusCode: 0, requestId: "", body: "", usage: noUsage };

/** An attempt that was answered, as HTTP providers make it. */
export class ReceivedAnswer implements AnsweredAttempt {
  readonly ok = true;
  answer: Answer;
  readonly rateLimits?: readonly RateLimitReport[];

  constructor(answer: Answer, rateLimits: readonly RateLimitReport[] | undefined) {
    this.answer = answer;
    if (rateLimits !== undefined) this.rateLimits = rateLimits;
  }

  letGo(): void {
    this.answer = forgotten;
  }
}
