import { readEnvironment } from "../config/environment.ts";
import type { LimiterStatus } from "../limiters/limiters.ts";
import { refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { RunEvent } from "../model/event.ts";
import { TokenStats } from "../stats/stats.ts";
import type { Progress, ProgressStream } from "./display.ts";
import { startProgress } from "./start-progress.ts";

export interface ProgressTrackerOptions {
  /** Whether anything is shown; it counts in any case. @default true */
  readonly show?: boolean;
  /** @default process.stderr */
  readonly stream?: ProgressStream;
  /** What limits the run: `() => manager.limiterStatus()`. @default only how many requests are in flight is shown */
  readonly limiterStatus?: () => LimiterStatus;
}

/**
 * Shows how far a batch is, as the command line does: a bar on a terminal, a line every 5 s elsewhere.
 *
 * ```ts
 * const progress = new ProgressTracker(requests.length);
 * const manager = new RequestManager({ provider, observers: [progress.observe] });
 * ```
 *
 * It appears with the first event and goes away with the last result. Its timers do not keep the process alive.
 */
export class ProgressTracker {
  readonly stats: TokenStats = new TokenStats();
  readonly #total: number;
  readonly #show: boolean;
  readonly #stream: ProgressStream;
  readonly #limiterStatus: () => LimiterStatus;
  #display: Progress | undefined;
  #inFlight = 0;
  #ended = 0;

  /**
   * @param total How many requests there are; undefined where that is not known.
   * @throws ConfigurationError when `total` is no whole number of at least 0, and for an option that does not exist.
   */
  constructor(total?: number, options: ProgressTrackerOptions = {}) {
    refuseUnknownOptions("ProgressTracker", options, ["show", "stream", "limiterStatus"]);
    const { show = true, stream = process.stderr, limiterStatus } = options;
    if (total !== undefined && !(Number.isInteger(total) && total >= 0))
      throw new ConfigurationError(`ProgressTracker: the total must be a whole number of requests, at least 0, not ${total}`);
    this.#total = total ?? Infinity;
    this.#show = show;
    this.#stream = stream;
    this.#limiterStatus = limiterStatus ?? (() => ({ inFlight: this.#inFlight, waiting: 0, blockedBy: "nothing", pauseMs: 0 }));
    if (total !== undefined) this.stats.setTotal(total);
  }

  /** Counts one event. Bound, so it can be handed over as an `Observer` as it is. */
  readonly observe = (event: RunEvent): void => {
    this.stats.observe(event);
    if (event.type === "attempt-start") this.#inFlight += 1;
    if (event.type === "attempt-end") this.#inFlight -= 1;
    if (event.type === "request-end") this.#ended += 1;
    this.#display ??= this.#start();
    if (this.#ended >= this.#total) this.stop();
  };

  /** Prints a line above the display. */
  log(line: string): void {
    this.#display ??= this.#start();
    this.#display.log(line);
  }

  /** Takes the display off the terminal before the last result: after a run that was stopped. Further calls do nothing. */
  stop(): void {
    this.stats.end();
    this.#display?.stop();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #start(): Progress {
    return startProgress({
      mode: this.#show ? "auto" : "none",
      stream: this.#stream,
      term: readEnvironment()["TERM"],
      stats: this.stats,
      limiterStatus: this.#limiterStatus,
      total: Number.isFinite(this.#total) ? this.#total : undefined,
    });
  }
}
