/** A message, and the line of the first that had it. */
export interface FailureMessage {
  readonly message: string;
  readonly lineNumber: number;
}

interface Kept extends FailureMessage {
  weight: number;
}

const maxKept = 10;

/**
 * Finds the commonest of any number of messages in bounded memory ("space saving", Metwally 2005): a new one takes the place and the
 * weight of the rarest, so that each that makes up more than a tenth of all is among those kept.
 */
export class CommonMessages {
  readonly #kept = new Map<string, Kept>();

  add(message: string, lineNumber: number, weight = 1): void {
    const known = this.#kept.get(message);
    if (known !== undefined) {
      known.weight += weight;
      return;
    }
    const rarest = this.#kept.size < maxKept ? undefined : this.#most((a, b) => a.weight < b.weight);
    if (rarest !== undefined) this.#kept.delete(rarest.message);
    this.#kept.set(message, { message, lineNumber, weight: (rarest?.weight ?? 0) + weight });
  }

  /** @param times -1 takes them away. */
  addAll(other: CommonMessages, times: 1 | -1): void {
    for (const { message, lineNumber, weight } of other.#kept.values()) {
      if (times === 1) this.add(message, lineNumber, weight);
      else this.#takeAway(message, weight);
    }
  }

  #takeAway(message: string, weight: number): void {
    const known = this.#kept.get(message);
    if (known === undefined) return;
    known.weight -= weight;
    if (known.weight <= 0) this.#kept.delete(message);
  }

  /** Undefined where there is none. */
  get commonest(): FailureMessage | undefined {
    return this.#most((a, b) => a.weight > b.weight);
  }

  /** The first of those that no other comes before. */
  #most(comesBefore: (a: Kept, b: Kept) => boolean): Kept | undefined {
    let most: Kept | undefined;
    for (const kept of this.#kept.values()) if (most === undefined || comesBefore(kept, most)) most = kept;
    return most;
  }
}
