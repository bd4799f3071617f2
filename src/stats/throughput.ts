import { RateWindow } from "./rate-window.ts";

/** Where the time comes from. */
export interface StatsClock {
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): number;
  date(): Date;
}

/** The time that a run takes and how fast it goes: over the last 10 s while it goes on, over all of it once it has ended. */
export class Throughput {
  readonly #clock: StatsClock;
  readonly #lines = new RateWindow();
  readonly #linesNotFromCache = new RateWindow();
  readonly #tokens = new RateWindow();
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

  addTokens(tokens: number): void {
    this.#tokens.add(tokens, this.elapsedMs);
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

  get tokensPerSecond(): number {
    return this.#perSecond(this.#tokens);
  }

  /** Lines from the cache come in bursts that say nothing about the rest, so others set the pace where there are any. */
  secondsFor(lines: number): number | undefined {
    const pace = steadyPace(this.#linesNotFromCache.total > 0 ? this.#linesNotFromCache : this.#lines, this.elapsedMs);
    return pace > 0 ? lines / pace : undefined;
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
