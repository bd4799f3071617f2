import { type Failure, type FailureKind, failureKinds } from "../model/failure.ts";
import type { BatchResult } from "../model/result.ts";

/** What became of the lines so far. */
export class LineCounts {
  completed = 0;
  failed = 0;
  cacheHits = 0;
  deduplicated = 0;
  readonly #failures = new Map<FailureKind, number>();
  readonly #retrying = new Set<number>();
  #total = 0;
  #started = 0;
  #cancelled = 0;

  setTotal(lines: number): void {
    this.#total = lines;
  }

  start(): void {
    this.#started += 1;
  }

  waitForRetry(lineNumber: number): void {
    this.#retrying.add(lineNumber);
  }

  retry(lineNumber: number): void {
    this.#retrying.delete(lineNumber);
  }

  end(result: BatchResult): void {
    if (this.#retrying.size > 0) this.#retrying.delete(result.lineNumber);
    if (result.status === "failed") return this.#fail(result.failure);
    this.completed += 1;
    if (result.source === "cache") this.cacheHits += 1;
    if (result.source === "shared") this.deduplicated += 1;
  }

  /** A line whose result is `cancelled` did not fail: it is left for the next run. */
  #fail({ kind }: Failure): void {
    if (kind === "cancelled") {
      this.#cancelled += 1;
      return;
    }
    this.failed += 1;
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1);
  }

  get total(): number {
    return Math.max(this.#total, this.#started, this.done + this.#cancelled);
  }

  get done(): number {
    return this.completed + this.failed;
  }

  get retrying(): number {
    return this.#retrying.size;
  }

  /** In the order of `failureKinds`, only those that occurred. */
  get failures(): Partial<Record<FailureKind, number>> {
    const failures: Partial<Record<FailureKind, number>> = {};
    for (const kind of failureKinds) {
      const count = this.#failures.get(kind);
      if (count !== undefined) failures[kind] = count;
    }
    return failures;
  }
}
