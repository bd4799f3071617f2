const secondMs = 1000;
const minuteMs = 60_000;
/** As far back as single seconds are remembered. */
const rememberedSeconds = 600;

export interface ArrivalStats {
  /** Maximum let in within any minute, and within any second; to the millisecond. */
  readonly peakRequestsPerMinute: number;
  readonly peakRequestsPerSecond: number;
  /** The same of the tokens that those requests and their answers have. */
  readonly peakTokensPerMinute: number;
  readonly peakTokensPerSecond: number;
  /** How many were let in, and how many throttled, in each second since the first; the last 600 seconds. */
  readonly acceptedPerSecond: readonly number[];
  readonly refusedPerSecond: readonly number[];
}

/** When requests were let in or throttled. Its size does not depend on how many there were. */
export class ArrivalLog {
  /** One element for each millisecond of the last minute. */
  readonly #requests = new Uint32Array(minuteMs);
  readonly #tokens = new Float64Array(minuteMs);
  readonly #now: () => number;
  readonly #minute = new PeakSums();
  readonly #second = new PeakSums();
  readonly #accepted: number[] = [];
  readonly #refused: number[] = [];
  #firstMs: number | undefined;
  #lastMs = 0;
  #forgottenSeconds = 0;

  /** @param now A monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  accept(tokens: number): void {
    const index = this.#advance() % minuteMs;
    this.#requests[index] = (this.#requests[index] ?? 0) + 1;
    this.#tokens[index] = (this.#tokens[index] ?? 0) + tokens;
    this.#minute.add(1, tokens);
    this.#second.add(1, tokens);
    this.#countIn(this.#accepted);
  }

  refuse(): void {
    this.#advance();
    this.#countIn(this.#refused);
  }

  stats(): ArrivalStats {
    return {
      peakRequestsPerMinute: this.#minute.peakRequests,
      peakRequestsPerSecond: this.#second.peakRequests,
      peakTokensPerMinute: this.#minute.peakTokens,
      peakTokensPerSecond: this.#second.peakTokens,
      acceptedPerSecond: [...this.#accepted],
      refusedPerSecond: [...this.#refused],
    };
  }

  /** Lets go of what is now older than a second, or than a minute. @returns whole milliseconds since the first arrival. */
  #advance(): number {
    const nowMs = Math.floor(this.#now());
    this.#firstMs ??= nowMs;
    const sinceFirstMs = nowMs - this.#firstMs;
    if (sinceFirstMs - this.#lastMs > minuteMs) this.#forgetAll();
    else this.#forgetUntil(sinceFirstMs);
    this.#lastMs = sinceFirstMs;
    return sinceFirstMs;
  }

  #forgetAll(): void {
    this.#requests.fill(0);
    this.#tokens.fill(0);
    this.#minute.clear();
    this.#second.clear();
  }

  #forgetUntil(sinceFirstMs: number): void {
    for (let ms = this.#lastMs + 1; ms <= sinceFirstMs; ms += 1) {
      this.#release(this.#second, ms - secondMs);
      this.#release(this.#minute, ms - minuteMs);
      this.#requests[ms % minuteMs] = 0;
      this.#tokens[ms % minuteMs] = 0;
    }
  }

  #release(sums: PeakSums, ms: number): void {
    if (ms < 0) return;
    sums.add(-(this.#requests[ms % minuteMs] ?? 0), -(this.#tokens[ms % minuteMs] ?? 0));
  }

  #countIn(counts: number[]): void {
    const second = Math.floor(this.#lastMs / secondMs);
    while (this.#forgottenSeconds + this.#accepted.length <= second) {
      this.#accepted.push(0);
      this.#refused.push(0);
      if (this.#accepted.length <= rememberedSeconds) continue;
      this.#accepted.shift();
      this.#refused.shift();
      this.#forgottenSeconds += 1;
    }
    counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1;
  }
}

/** Running sums, and the largest that they have been. */
class PeakSums {
  peakRequests = 0;
  peakTokens = 0;
  #requests = 0;
  #tokens = 0;

  add(requests: number, tokens: number): void {
    this.#requests += requests;
    this.#tokens += tokens;
    if (this.#requests > this.peakRequests) this.peakRequests = this.#requests;
    if (this.#tokens > this.peakTokens) this.peakTokens = this.#tokens;
  }

  clear(): void {
    this.#requests = 0;
    this.#tokens = 0;
  }
}
