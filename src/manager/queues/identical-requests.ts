import type { BatchResult } from "../../model/result.ts";

/** With `dedupe`, by key: the first of identical requests is under way, and the others wait for what becomes of it. */
export class IdenticalRequests {
  readonly #waiting = new Map<string, ((result: BatchResult) => void)[]>();

  /** @returns undefined for the first one, which has to `end`; for others its result, once there is one. */
  follow(key: string): Promise<BatchResult> | undefined {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) return new Promise((resolve) => waiting.push(resolve));
    this.#waiting.set(key, []);
    return undefined;
  }

  /** The first one has its result. */
  end(key: string, result: BatchResult): void {
    for (const resolve of this.#waiting.get(key) ?? []) resolve(result);
    this.#waiting.delete(key);
  }
}
