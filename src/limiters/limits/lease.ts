import { limitUnits, type Weights } from "../../model/rate-limit.ts";
import type { SharedLease } from "../shared-limits.ts";
import { leaseUsableMs } from "./shared-pace.ts";
import { subtractWeights } from "./weights.ts";

/** What a request is taken to use may have grown by so much since it was asked for; what is missing is settled with the lease. */
const tolerance = 0.25;

/** However long the answer took, a lease may be used as soon as its turn has come. */
const minUsableMs = 10;

/** What this process may start of a shared limit, and by when. Times are monotonic milliseconds. */
export class Lease {
  readonly granted: SharedLease;
  readonly startsAtMs: number;
  left: Weights;
  readonly #expiresAtMs: number;

  /** It was granted at some moment between these two. */
  constructor(granted: SharedLease, askedAtMs: number, answeredAtMs: number) {
    const { amounts, startsInMs } = granted;
    this.granted = granted;
    this.left = amounts;
    this.startsAtMs = answeredAtMs + startsInMs;
    this.#expiresAtMs = Math.max(askedAtMs + startsInMs + leaseUsableMs, this.startsAtMs + minUsableMs);
  }

  isOver(nowMs: number): boolean {
    return this.left.requests < 1 || nowMs > this.#expiresAtMs;
  }

  fits(weights: Weights): boolean {
    const { amounts } = this.granted;
    return limitUnits.every((unit) => weights[unit] <= this.left[unit] + (amounts[unit] / amounts.requests) * tolerance);
  }

  use(weights: Weights): void {
    this.left = subtractWeights(this.left, weights);
  }
}
