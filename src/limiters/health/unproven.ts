import type { BlockedBy, Gate, Start } from "../gate.ts";
import type { Circuit } from "./circuit.ts";

/** While a target has never answered: all of these are in vain if it is dead. */
const maxUnproven = 16;

/** Sends a few requests at a time to a target that has never answered, where others stand in for it. */
export class Unproven implements Gate {
  readonly #circuit: Circuit;

  constructor(circuit: Circuit) {
    this.#circuit = circuit;
  }

  blockedBy({ inFlight, hasStandIn }: Start): BlockedBy | undefined {
    if (!hasStandIn || inFlight < maxUnproven || this.#circuit.wasReached) return undefined;
    return { reason: "concurrency", amount: maxUnproven };
  }
}
