import { isCutOff } from "../model/attempt.ts";
import type { RunEvent } from "../model/event.ts";
import { type FailureKind, failureKinds } from "../model/failure.ts";
import type { LineResult, FailedLine } from "../model/result.ts";
import { CommonMessages, type FailureMessage } from "./sums/common-messages.ts";

/** Failed lines of one kind. */
interface Failures {
  count: number;
  readonly messages: CommonMessages;
}

type RequestChanged = RunEvent & { readonly type: "request-changed" };

/** What became of the lines so far. */
export class LineCounts {
  completed = 0;
  failed = 0;
  cacheHits = 0;
  deduplicated = 0;
  cutAnswers = 0;
  truncated = 0;
  sanitized = 0;
  readonly #failures = new Map<FailureKind, Failures>();
  readonly #retrying = new Set<number>();
  #total = 0;
  #started = 0;
  #cancelled = 0;
  #skipped = 0;
  #areOver = false;

  setTotal(lines: number): void {
    this.#total = lines;
  }

  start(): void {
    this.#started += 1;
  }

  /** From now on, those without a result are skipped. */
  over(): void {
    this.#areOver = true;
  }

  /** @param times -1 takes them away. */
  addAll(other: LineCounts, times: 1 | -1): void {
    this.completed += times * other.completed;
    this.failed += times * other.failed;
    this.cacheHits += times * other.cacheHits;
    this.deduplicated += times * other.deduplicated;
    this.cutAnswers += times * other.cutAnswers;
    this.truncated += times * other.truncated;
    this.sanitized += times * other.sanitized;
    this.#total += times * other.total;
    this.#skipped += times * other.skipped;
    for (const [kind, { count, messages }] of other.#failures) {
      const failures = this.#failuresOf(kind);
      failures.count += times * count;
      failures.messages.addAll(messages, times);
    }
  }

  change({ truncated, sanitized }: RequestChanged): void {
    if (truncated.length > 0) this.truncated += 1;
    if (sanitized.length > 0) this.sanitized += 1;
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
    if (isCutOff(result.response)) this.cutAnswers += 1;
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
    const failures = this.#failuresOf(kind);
    failures.count += 1;
    failures.messages.add(message, lineNumber);
  }

  #failuresOf(kind: FailureKind): Failures {
    let failures = this.#failures.get(kind);
    if (failures === undefined) this.#failures.set(kind, (failures = { count: 0, messages: new CommonMessages() }));
    return failures;
  }

  get total(): number {
    return Math.max(this.#total, this.#started, this.done + this.#cancelled);
  }

  get done(): number {
    return this.completed + this.failed;
  }

  get skipped(): number {
    return this.#areOver ? this.total - this.done : this.#skipped;
  }

  get retrying(): number {
    return this.#retrying.size;
  }

  /** In the order of `failureKinds`, only those that occurred. */
  get failures(): Partial<Record<FailureKind, number>> {
    const failures: Partial<Record<FailureKind, number>> = {};
    for (const kind of failureKinds) {
      const known = this.#failures.get(kind);
      if (known !== undefined && known.count > 0) failures[kind] = known.count;
    }
    return failures;
  }

  /** The commonest of each kind, those of the commonest kind first. */
  get failureMessages(): readonly (readonly [kind: FailureKind, message: FailureMessage])[] {
    return [...this.#failures]
      .toSorted(([, a], [, b]) => b.count - a.count)
      .flatMap(([kind, { count, messages }]) => {
        const { commonest } = messages;
        return count <= 0 || commonest === undefined ? [] : [[kind, commonest] as const];
      });
  }
}
