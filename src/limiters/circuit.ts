import type { Attempt } from "../model/attempt.ts";
import type { Failure, Outage } from "../model/failure.ts";
import type { Hold } from "./hold.ts";

export interface CircuitOptions {
  /** Which failures count. Any other that a server answered with shows that somebody gets through. */
  readonly isCounted: (failure: Failure) => boolean;
  /** Until the first probe; doubles with each one that fails. */
  readonly probeDelayMs: number;
  readonly maxProbeDelayMs: number;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onChange: (state: "open" | "probe" | "closed", reason: string, waitMs: number) => void;
}

/** So many failures in a row, with nobody getting through among them, are no bad luck. */
const failuresInARow = 10;

/**
 * Spares a server that everyone fails at, and the requests that would fail on it: after a run of such failures nobody starts, but for one
 * request at a time, further and further apart, that tries. As soon as anybody gets through, everyone goes on.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  #failures = 0;
  #wasReached = false;
  #openedAtMs: number | undefined;
  #delayMs = 0;
  #probeDueMs = 0;
  #isProbing = false;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#openedAtMs !== undefined;
  }

  /** Whether anybody ever got through. */
  get wasReached(): boolean {
    return this.#wasReached;
  }

  hold(): Hold | undefined {
    if (this.#openedAtMs === undefined) return undefined;
    if (this.#isProbing) return { binding: "circuit" };
    const waitMs = this.#probeDueMs - this.#options.clock();
    return waitMs > 0 ? { binding: "circuit", waitMs } : undefined;
  }

  /** Somebody starts. While it is open, that is the probe. */
  start(): void {
    if (this.#openedAtMs === undefined) return;
    this.#isProbing = true;
    this.#options.onChange("probe", "one request tries", 0);
  }

  /** @returns the outage that the attempt belongs to, if there is one. */
  observe(attempt: Attempt): Outage | undefined {
    if (attempt.ok || !this.#options.isCounted(attempt.failure)) {
      if (attempt.ok || attempt.failure.statusCode !== undefined) this.#reached();
      else this.#isProbing = false;
      return undefined;
    }
    this.#failures += 1;
    if (this.#isProbing || (this.#openedAtMs === undefined && this.#failures >= failuresInARow))
      this.#open(attempt.failure.message);
    if (this.#openedAtMs === undefined) return undefined;
    return { forMs: this.#options.clock() - this.#openedAtMs, wasReached: this.#wasReached };
  }

  /** As if nothing had failed. */
  reset(): void {
    this.#failures = 0;
    this.#openedAtMs = undefined;
    this.#isProbing = false;
  }

  #reached(): void {
    const wasOpen = this.isOpen;
    this.reset();
    this.#wasReached = true;
    if (wasOpen) this.#options.onChange("closed", "a request got through", 0);
  }

  #open(reason: string): void {
    const { probeDelayMs, maxProbeDelayMs, clock, onChange } = this.#options;
    const nowMs = clock();
    this.#delayMs = this.#openedAtMs === undefined ? probeDelayMs : Math.min(maxProbeDelayMs, this.#delayMs * 2);
    this.#openedAtMs ??= nowMs;
    this.#isProbing = false;
    this.#probeDueMs = nowMs + this.#delayMs;
    onChange("open", reason, this.#delayMs);
  }
}
