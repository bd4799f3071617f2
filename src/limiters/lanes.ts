import type { Target } from "../model/demand.ts";
import { Allowance, type AllowanceOptions } from "./allowance.ts";
import type { Circuit } from "./circuit.ts";
import { createHealth } from "./health.ts";
import { Lane } from "./lane.ts";
import { configuredLimit } from "./limit.ts";
import { LimitSet } from "./limit-set.ts";

/** A file may name any number of models; what was learnt of the longest idle ones is forgotten beyond so many. */
const mostRemembered = 1_000;

export interface LanesOptions extends Omit<AllowanceOptions, "model" | "provider" | "sharedLimits" | "targetLimits"> {
  readonly targets: readonly Target[];
  /** Called after requests have left a lane's queue because of an abort. */
  readonly onAbort: () => void;
}

/** A lane for each model that was asked for. */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #targetLimits = new Map<number, LimitSet>();

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

  of(name: string): Lane {
    const known = this.#lanes.get(name);
    if (known !== undefined) return known;
    const lane = new Lane({
      createAllowance: (target) => this.#createAllowance(name, target),
      createHealth: (target, allowance) => this.#createHealth(name, target, allowance),
      isEvicted: (target) => this.#options.targets[target]?.isEvicted?.() ?? false,
      onAbort: this.#options.onAbort,
    });
    this.#lanes.set(name, lane);
    if (this.#lanes.size > mostRemembered) this.#forgetOne();
    return lane;
  }

  reset(): void {
    this.#targetLimits.clear();
    for (const lane of this.#lanes.values()) lane.reset();
  }

  #createAllowance(model: string, target: number): Allowance {
    const { targets, limits } = this.#options;
    const { name = "", limits: ownLimits = [] } = targets[target] ?? {};
    return new Allowance({
      ...this.#options,
      provider: name,
      model,
      limits: [...limits, ...ownLimits].filter((limit) => limit.model === model),
      sharedLimits: limits.filter((limit) => limit.model === undefined),
      targetLimits: this.#limitsOf(target),
    });
  }

  #createHealth(model: string, target: number, allowance: Allowance): Circuit {
    const { targets, probeDelayMs, maxProbeDelayMs, clock, onEvent } = this.#options;
    const provider = targets[target]?.name ?? "";
    const isUnreachable = (): boolean => allowance.isUnreachable;
    return createHealth({ provider, model, isUnreachable, probeDelayMs, maxProbeDelayMs, clock, onEvent });
  }

  /** Those of a target that count the requests for all its models together. */
  #limitsOf(target: number): LimitSet {
    const known = this.#targetLimits.get(target);
    if (known !== undefined) return known;
    const { targets, clock } = this.#options;
    const shared = (targets[target]?.limits ?? []).filter(({ model }) => model === undefined);
    const limits = new LimitSet(shared.map((limit) => configuredLimit(limit, clock)));
    this.#targetLimits.set(target, limits);
    return limits;
  }

  #forgetOne(): void {
    for (const [name, lane] of this.#lanes) {
      if (!lane.isIdle) continue;
      this.#lanes.delete(name);
      return;
    }
  }
}
