import type { LimitSource, RateLimit } from "../../model/rate-limit.ts";
import type { Limit } from "./limit.ts";
import { share } from "./recent-use.ts";

/** A period is remembered in so many pieces; each is forgotten as a whole, so up to one piece of the period is lost. */
export const quotaPieces = 100;

/**
 * An amount in any span of a long period, such as a day: it may be used as fast as other limits allow, and then nothing starts until the
 * first of it is a whole period ago. It begins full: what other runs took is not known.
 */
export class QuotaLimit implements Limit {
  readonly spec: RateLimit;
  readonly source: LimitSource = "configured";
  readonly #clock: () => number;
  readonly #pieceMs: number;
  /** What was taken, by the number of the piece of time; the oldest first. */
  readonly #taken = new Map<number, number>();
  #sum = 0;

  /** @param clock Monotonic milliseconds. */
  constructor(spec: RateLimit, clock: () => number) {
    this.spec = spec;
    this.#clock = clock;
    this.#pieceMs = spec.periodMs / quotaPieces;
  }

  available(): number {
    this.#forgetOld();
    return this.spec.amount - this.#sum;
  }

  used(): number {
    return this.spec.amount - this.available();
  }

  saturation(): number {
    return share(this.used(), this.spec.amount);
  }

  waitMs(weight: number): number {
    let missing = Math.min(weight, this.spec.amount) - this.available();
    if (missing <= 0) return 0;
    for (const [piece, amount] of this.#taken) {
      missing -= amount;
      if (missing <= 0) return (piece + quotaPieces + 1) * this.#pieceMs - this.#clock();
    }
    return this.#pieceMs;
  }

  take(weight: number): void {
    this.#add(this.#pieceAt(this.#clock()), weight);
  }

  giveBack(weight: number, takenAtMs: number): void {
    const piece = this.#pieceAt(takenAtMs);
    if (this.#taken.has(piece)) this.#add(piece, -weight);
    else if (weight < 0) this.take(-weight); // its start is forgotten: an attempt may take longer than the period
  }

  #add(piece: number, weight: number): void {
    this.#taken.set(piece, (this.#taken.get(piece) ?? 0) + weight);
    this.#sum += weight;
  }

  #forgetOld(): void {
    const oldest = this.#pieceAt(this.#clock()) - quotaPieces;
    for (const [piece, amount] of this.#taken) {
      if (piece >= oldest) return;
      this.#taken.delete(piece);
      this.#sum -= amount;
    }
  }

  #pieceAt(ms: number): number {
    return Math.floor(ms / this.#pieceMs);
  }
}
