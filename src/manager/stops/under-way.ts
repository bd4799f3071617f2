import type { Stop } from "../../model/errors.ts";

/** Why what a call was to do was not done. */
export const aborted = "the call was aborted";

/** A run, or a call by itself. */
interface Stoppable {
  stop(stop: Stop): void;
  abort(stop: Stop): void;
}

/** The runs and calls of a manager that have not ended. */
export class UnderWay {
  readonly #all = new Set<Stoppable>();

  /**
   * @param signal Aborts it.
   * @returns what to call when it has ended.
   */
  begin(one: Stoppable, signal: AbortSignal | undefined): () => void {
    this.#all.add(one);
    if (signal === undefined) return () => void this.#all.delete(one);
    const abort = (): void => one.abort({ reason: "interrupted", message: aborted });
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    return () => {
      signal.removeEventListener("abort", abort);
      this.#all.delete(one);
    };
  }

  stop(stop: Stop): void {
    for (const one of this.#all) one.stop(stop);
  }
}
