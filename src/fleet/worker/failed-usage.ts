import type { Observer } from "../../model/event.ts";
import { addUsage, type Usage } from "../../model/usage.ts";

/** What attempts without an answer were billed, by their line: a stream that broke off, an answer that was none. */
export class FailedUsage {
  readonly #byLine = new Map<number, Usage>();

  readonly observe: Observer = (event) => {
    if (event.type !== "attempt-end" || event.failure === undefined || event.usage === undefined) return;
    const known = this.#byLine.get(event.lineNumber);
    this.#byLine.set(event.lineNumber, known === undefined ? event.usage : addUsage(known, event.usage));
  };

  /** Of a line that has its result. */
  take(lineNumber: number): Usage | undefined {
    const usage = this.#byLine.get(lineNumber);
    if (usage !== undefined) this.#byLine.delete(lineNumber);
    return usage;
  }
}
