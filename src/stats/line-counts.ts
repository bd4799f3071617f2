import { isCutOff } from "../model/attempt.ts";
import { type FailureKind, failureKinds } from "../model/failure.ts";
import type { LineResult, FailedLine } from "../model/result.ts";
import { CommonMessages, type FailureMessage } from "./common-messages.ts";

/** What became of the lines so far. */
export class LineCounts {
  completed = 0;
  failed = 0;
  cacheHits = 0;
  deduplicated = 0;
  cutOff = 0;
  readonly #failures = new Map<FailureKind, { count: number; readonly messages: CommonMessages }>();
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

  end(result: LineResult): void {
    if (this.#retrying.size > 0) this.#retrying.delete(result.lineNumber);
    if (result.status === "failed") return this.#fail(result);
    this.completed += 1;
    if (isCutOff(result.response)) this.cutOff += 1;
    if (result.source === "cache") this.cacheHits += 1;
    if (result.source === "shared") this.deduplicated += 1;
  }

  /** A line whose result is `cancelled` did not fail: it is left for the next run. */
  #fail({ failure: { kind, message }, lineNumber }: FailedLine): void {
    if (kind === "cancelled") {
      this.#cancelled += 1;
      return;
    }
    this.failed += 1;
    let failures = this.#failures.get(kind);
    if (failures === undefined) this.#failures.set(kind, (failures = { count: 0, messages: new CommonMessages() }));
    failures.count += 1;
    failures.messages.add(message, lineNumber);
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
      const known = this.#failures.get(kind);
      if (known !== undefined) failures[kind] = known.count;
    }
    return failures;
  }

  /** The commonest of each kind, those of the commonest kind first. */
  get failureMessages(): readonly (readonly [kind: FailureKind, message: FailureMessage])[] {
    return [...this.#failures]
      .toSorted(([, a], [, b]) => b.count - a.count)
      .flatMap(
        ([
          kind,
          {
            messages: { commonest },
          },
        ]) => (commonest === undefined ? [] : [[kind, commonest] as const]),
      );
  }
}
