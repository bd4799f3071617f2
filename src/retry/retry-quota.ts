/** How many retries may be spent on failures before there is any success. */
const capacity = 500;

/**
 * What all requests of a run may spend on retries together. Each success gives one back, so a server that fails less than every second
 * time never uses it up, and one that always fails is not hammered with retries that cannot help.
 */
export class RetryQuota {
  #left: number = capacity;

  /** @returns whether there was one left. */
  spend(): boolean {
    if (this.#left === 0) return false;
    this.#left -= 1;
    return true;
  }

  giveBack(): void {
    if (this.#left < capacity) this.#left += 1;
  }
}
