import type { LimitUnit } from "../model/rate-limit.ts";

/** What a limiter tells of its limits: `manager.rateLimitStatus()`, for one. */
export interface LimitsInUse {
  readonly limits: readonly { readonly unit: LimitUnit; readonly saturation?: number | undefined }[];
}

/** How much of its limits a run uses: asked of the limiter when it is read. */
export class Saturation {
  #read: () => readonly LimitsInUse[] = () => [];

  watch(read: () => readonly LimitsInUse[]): void {
    this.#read = read;
  }

  /** From now on it stays as it is. */
  end(): void {
    const last = this.#read();
    this.#read = () => last;
  }

  add(other: Saturation): void {
    const both = [...this.#read(), ...other.#read()];
    this.#read = () => both;
  }

  get ofRequests(): number {
    return this.#highest((unit) => unit === "requests");
  }

  get ofTokens(): number {
    return this.#highest((unit) => unit !== "requests");
  }

  #highest(isMeant: (unit: LimitUnit) => boolean): number {
    let highest = 0;
    for (const { limits } of this.#read())
      for (const { unit, saturation = 0 } of limits) if (isMeant(unit)) highest = Math.max(highest, saturation);
    return highest;
  }
}
