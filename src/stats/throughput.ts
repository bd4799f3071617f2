import { RateWindow } from "../model/counting/rate-window.ts";
import type { Usage } from "../model/usage.ts";

/** Where the time comes from. */
export interface StatsClock {
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): number;
  date(): Date;
}

/** The time that a run takes and how fast it goes: over the last 10 s while it goes on, over all of it once it has ended. */
export class Throughput {
  readonly #clock: StatsClock;
  #lines = new RateWindow();
  #linesNotFromCache = new RateWindow();
  readonly #promptTokens = new RateWindow();
  readonly #completionTokens = new RateWindow();
  #startTime: Date | undefined;
  #startMs = 0;
  #endMs: number | undefined;

  constructor(clock: StatsClock) {
    this.#clock = clock;
  }

  /** Only the first call counts. */
  start(): void {
    if (this.#startTime !== undefined) return;
    this.#startTime = this.#clock.date();
    this.#startMs = this.#clock.monotonicMs();
  }

  /** Only the first call counts. */
  end(): void {
    this.#endMs ??= this.#clock.monotonicMs();
  }

  addLine(isFromCache: boolean): void {
    this.#lines.add(1, this.elapsedMs);
    if (!isFromCache) this.#linesNotFromCache.add(1, this.elapsedMs);
  }

  forgetLines(): void {
    this.#lines = new RateWindow();
    this.#linesNotFromCache = new RateWindow();
  }

  addTokens({ promptTokens, completionTokens }: Usage): void {
    const { elapsedMs } = this;
    this.#promptTokens.add(promptTokens, elapsedMs);
    this.#completionTokens.add(completionTokens, elapsedMs);
  }

  /**
   * What then has ended: the time in which at least one of both went on, or with -1 what is left of it, after the other.
   *
   * @param times -1 takes the other away.
   */
  addAll(other: Throughput, times: 1 | -1): void {
    const elapsedMs = times === 1 ? this.#elapsedMsOfBoth(other) : Math.max(0, this.elapsedMs - other.elapsedMs);
    const startTime = times === 1 ? this.#firstStart(other) : this.#startAfter(other);
    this.#startTime = startTime;
    this.#startMs = 0;
    this.#endMs = elapsedMs;
    this.#lines.total += times * other.#lines.total;
    this.#linesNotFromCache.total += times * other.#linesNotFromCache.total;
    this.#promptTokens.total += times * other.#promptTokens.total;
    this.#completionTokens.total += times * other.#completionTokens.total;
  }

  get startTime(): Date {
    return this.#startTime ?? this.#clock.date();
  }

  get hasEnded(): boolean {
    return this.#endMs !== undefined;
  }

  get elapsedMs(): number {
    if (this.#startTime === undefined) return 0;
    return (this.#endMs ?? this.#clock.monotonicMs()) - this.#startMs;
  }

  get linesPerSecond(): number {
    return this.#perSecond(this.#lines);
  }

  get promptTokensPerSecond(): number {
    return this.#perSecond(this.#promptTokens);
  }

  get completionTokensPerSecond(): number {
    return this.#perSecond(this.#completionTokens);
  }

  /** Lines from the cache come in bursts that say nothing about the rest, so others set the pace where there are any. */
  secondsFor(lines: number): number | undefined {
    const pace = steadyPace(this.#linesNotFromCache.total > 0 ? this.#linesNotFromCache : this.#lines, this.elapsedMs);
    return pace > 0 ? lines / pace : undefined;
  }

  #elapsedMsOfBoth(other: Throughput): number {
    const sum = this.elapsedMs + other.elapsedMs;
    if (this.#startTime === undefined || other.#startTime === undefined) return sum;
    const [start, otherStart] = [this.#startTime.getTime(), other.#startTime.getTime()];
    const overlapMs = Math.min(start + this.elapsedMs, otherStart + other.elapsedMs) - Math.max(start, otherStart);
    return sum - Math.max(0, overlapMs);
  }

  #firstStart(other: Throughput): Date | undefined {
    if (this.#startTime === undefined || other.#startTime === undefined) return this.#startTime ?? other.#startTime;
    return this.#startTime < other.#startTime ? this.#startTime : other.#startTime;
  }

  #startAfter(other: Throughput): Date | undefined {
    return this.#startTime && new Date(this.#startTime.getTime() + other.elapsedMs);
  }

  #perSecond(amounts: RateWindow): number {
    return this.hasEnded ? mean(amounts.total, this.elapsedMs) : amounts.perSecond(recentSeconds, this.elapsedMs);
  }
}

const recentSeconds = 10;
const minuteSeconds = 60;
/** With fewer lines than this in the last seconds, chance moves the rate more than the run does. */
const minLines = 30;

/** Looks as far back as it must for a rate that does not jump. */
function steadyPace(lines: RateWindow, elapsedMs: number): number {
  if (lines.sum(recentSeconds, elapsedMs) >= minLines) return lines.perSecond(recentSeconds, elapsedMs);
  if (lines.sum(minuteSeconds, elapsedMs) >= minLines) return lines.perSecond(minuteSeconds, elapsedMs);
  return mean(lines.total, elapsedMs);
}

function mean(count: number, elapsedMs: number): number {
  return elapsedMs > 0 ? (count * 1000) / elapsedMs : 0;
}
