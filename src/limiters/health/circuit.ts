import type { Attempt } from "../../model/attempt.ts";
import type { Failure, Outage } from "../../model/failure.ts";
import type { BlockedBy, Ended, Gate } from "../gate.ts";

export interface CircuitOptions {
  /** Which failures count. Any other that a server answered with shows that requests get through. */
  readonly isCounted: (failure: Failure) => boolean;
  /** Until the first probe; doubles with each one that fails. */
  readonly probeDelayMs: number;
  readonly maxProbeDelayMs: number;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onChange: (state: "open" | "probe" | "closed", reason: string, waitMs: number) => void;
}

/** So many failures in a row, with no request getting through among them, are no bad luck. */
const failuresInARow = 10;

/**
 * Spares a server that all requests fail at: after ten such failures in a row none starts, but for one at a time, further and further
 * apart, that probes it. When one gets through, all go on.
 */
export class Circuit implements Gate {
  /** Whether any request ever got through. */
  wasReached = false;
  readonly #options: CircuitOptions;
  #failures = 0;
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

  blockedBy(): BlockedBy | undefined {
    if (this.#openedAtMs === undefined) return undefined;
    if (this.#isProbing) return { reason: "circuit" };
    const waitMs = this.#probeDueMs - this.#options.clock();
    return waitMs > 0 ? { reason: "circuit", waitMs } : undefined;
  }

  /** While it is open, the request is the probe. */
  started(): void {
    if (this.#openedAtMs === undefined) return;
    this.#isProbing = true;
    this.#options.onChange("probe", "one request tries", 0);
  }

  ended({ attempt }: Pick<Ended, "attempt">): void {
    if (attempt.ok || !this.#options.isCounted(attempt.failure)) {
      if (attempt.ok || attempt.failure.statusCode !== undefined) this.#reached();
      else this.#isProbing = false;
      return;
    }
    this.#failures += 1;
    if (this.#isProbing || (this.#openedAtMs === undefined && this.#failures >= failuresInARow))
      this.#open(attempt.failure.message);
  }

  /** The outage that an attempt which has just ended belongs to. */
  outageOf(attempt: Attempt): Outage | undefined {
    if (this.#openedAtMs === undefined || attempt.ok || !this.#options.isCounted(attempt.failure)) return undefined;
    return { forMs: this.#options.clock() - this.#openedAtMs, wasReached: this.wasReached };
  }

  #reached(): void {
    const wasOpen = this.isOpen;
    this.#failures = 0;
    this.#openedAtMs = undefined;
    this.#isProbing = false;
    this.wasReached = true;
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
