import type { Stop } from "../../model/errors.ts";

/** Why what a call was to do was not done. */
export const aborted = "the call was aborted";

/**
 * Aborts a run when a signal does.
 *
 * @returns what to call when the run has ended.
 */
export function abortWith(signal: AbortSignal | undefined, run: { abort(stop: Stop): void }): () => void {
  if (signal === undefined) return () => {};
  const abort = (): void => run.abort({ reason: "interrupted", message: aborted });
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  return () => signal.removeEventListener("abort", abort);
}
