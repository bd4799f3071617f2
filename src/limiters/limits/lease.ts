import { limitUnits } from "../../model/rate-limit.ts";
import type { SharedLease } from "../shared-limits.ts";
import { leaseUsableMs } from "./shared-pace.ts";
import { subtractWeights, type Weights } from "./weights.ts";

/** What a request is taken to use may have grown by so much since it was asked for; what is missing is settled with the lease. */
const tolerance = 0.25;

/** What this process may start of a shared limit, and by when. Times are monotonic milliseconds. */
export class Lease {
  readonly granted: SharedLease;
  readonly startsAtMs: number;
  left: Weights;
  readonly #expiresAtMs: number;

  constructor(granted: SharedLease, nowMs: number) {
    this.granted = granted;
    this.left = granted.amounts;
    this.startsAtMs = nowMs + granted.startsInMs;
    this.#expiresAtMs = this.startsAtMs + leaseUsableMs;
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
