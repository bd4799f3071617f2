import { messageOf } from "../model/errors.ts";
import type { Observer, RunEvent } from "../model/event.ts";
import { internal } from "../model/failure.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import type { BatchResult } from "../model/result.ts";
import type { RetryWait } from "../retry/retry.ts";
import type { CallOptions } from "./call-options.ts";
import { failedResult } from "./results.ts";

/**
 * Tells the statistics and the user's observers what happens. Whatever one of them throws, all receive each event, and it costs the line that
 * the event is of, not the run.
 */
export class Emitter {
  readonly #stats: Observer;
  readonly #observers: readonly Observer[];
  readonly #said = new Set<string>();

  /** @param observers May come to be more. */
  constructor(stats: Observer, observers: readonly Observer[]) {
    this.#stats = stats;
    this.#observers = observers;
  }

  /** @throws what an observer throws at an event of a line. */
  readonly emit: Observer = (event) => {
    this.#stats(event);
    const thrown = this.#tell(event);
    if (thrown === undefined) return;
    if ("lineNumber" in event) throw thrown.error;
    this.warnOnce("observer", `an observer failed: ${messageOf(thrown.error)}`);
  };

  /**
   * Tells that a request has its result.
   *
   * @returns the one that counts: a failure where an observer throws at an answer, which then stands in its error.
   */
  end(request: BatchInput, result: BatchResult): BatchResult {
    const event = { type: "request-end", result } as const;
    const thrown = this.#tell(event);
    if (thrown === undefined || result.status === "failed") {
      this.#stats(event);
      return result;
    }
    const failure = internal(messageOf(thrown.error));
    const counted = failedResult({ ...result, request }, { ...result, failure }, result.attempts);
    this.#stats({ type: "request-end", result: counted });
    return counted;
  }

  /** Tells of a wait before another attempt, its call as well. */
  tellRetry({ customId, lineNumber }: BatchRequest, wait: RetryWait, onRetry: CallOptions["onRetry"]): void {
    const event = { type: "retry-wait", customId, lineNumber, ...wait } as const;
    this.emit(event);
    onRetry?.(event);
  }

  /** Warns of what happens again and again. */
  warnOnce(topic: string, message: string): void {
    if (this.#said.has(topic)) return;
    this.#said.add(topic);
    this.emit({ type: "warning", message });
  }

  #tell(event: RunEvent): { readonly error: unknown } | undefined {
    let thrown: { readonly error: unknown } | undefined;
    for (const observe of this.#observers) {
      try {
        observe(event);
      } catch (error) {
        thrown ??= { error };
      }
    }
    return thrown;
  }
}
