import { randomBytes } from "node:crypto";

/** Ids that no other server gives: chance once, then a count. */
export class RequestIds {
  readonly #prefix = `req_${randomBytes(8).toString("hex")}`;
  #count = 0;

  next(): string {
    this.#count += 1;
    return this.#prefix + this.#count.toString(36).padStart(8, "0");
  }
}
