import type { AllowanceOptions } from "./allowance.ts";
import { Lane } from "./lane.ts";

/** A file may name any number of models; what was learnt of the longest idle ones is forgotten beyond so many. */
const mostRemembered = 1_000;

export type LanesOptions = Omit<AllowanceOptions, "model">;

/** A lane for each model that was asked for. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes = new Map<string, Lane>();

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  get all(): readonly Lane[] {
    return [...this.#lanes.values()];
  }

  countWaiting(): number {
    let waiting = 0;
    for (const lane of this.#lanes.values()) waiting += lane.queue.length;
    return waiting;
  }

  /** The longest pause of all. */
  get pauseMs(): number {
    let pauseMs = 0;
    for (const lane of this.#lanes.values()) pauseMs = Math.max(pauseMs, lane.pauseMs);
    return pauseMs;
  }

  *withWaiting(): Generator<Lane> {
    for (const lane of this.#lanes.values()) if (lane.queue.length > 0) yield lane;
  }

  /** @param onAbort Called after requests have left the lane's queue because of an abort. */
  of(model: string, onAbort: () => void): Lane {
    const known = this.#lanes.get(model);
    if (known !== undefined) return known;
    const limits = this.#options.limits.filter((limit) => limit.model === model);
    const lane = new Lane({ ...this.#options, model, limits }, onAbort);
    this.#lanes.set(model, lane);
    if (this.#lanes.size > mostRemembered) this.#forgetOne();
    return lane;
  }

  #forgetOne(): void {
    for (const [model, lane] of this.#lanes) {
      if (!lane.isIdle) continue;
      this.#lanes.delete(model);
      return;
    }
  }
}
