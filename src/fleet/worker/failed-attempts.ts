import type { Calls } from "../../model/attempt.ts";
import type { Observer } from "../../model/event.ts";
import { isThrottled } from "../../model/failure.ts";
import { addUsage } from "../../model/usage.ts";

/** What attempts without an answer were: billed, of a stream that broke off or an answer that was none, or throttled. */
type Failed = Pick<Calls, "usage" | "throttled">;

/** Keeps what failed of the lines that have no result yet, which does not tell of it. */
export class FailedAttempts {
  readonly #byLine = new Map<number, Failed>();

  readonly observe: Observer = (event) => {
    if (event.type !== "attempt-end" || event.failure === undefined) return;
    const { lineNumber, failure, usage } = event;
    const known = this.#byLine.get(lineNumber);
    const billed = usage === undefined || known?.usage === undefined ? (usage ?? known?.usage) : addUsage(known.usage, usage);
    const throttled = (known?.throttled ?? 0) + (isThrottled(failure) ? 1 : 0);
    if (billed === undefined && throttled === 0) return;
    this.#byLine.set(lineNumber, {
      ...(billed !== undefined && { usage: billed }),
      ...(throttled > 0 && { throttled }),
    });
  };

  /** Of a line that has its result. */
  take(lineNumber: number): Failed | undefined {
    const failed = this.#byLine.get(lineNumber);
    if (failed !== undefined) this.#byLine.delete(lineNumber);
    return failed;
  }
}
