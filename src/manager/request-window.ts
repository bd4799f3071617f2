/** Bodies of waiting requests may take this much memory, beyond those that can be in flight. */
const maxWaitingBytes = 64 * 1024 * 1024;

/**
 * Decides how far the manager reads ahead: far enough that every slot is always in use and that cache reads come in large groups,
 * not so far that a file of large bodies fills the memory.
 */
export class RequestWindow {
  readonly #concurrency: number;
  readonly #maxRequests: number;
  #requests = 0;
  #bytes = 0;

  /** @param concurrency Requests that can be in flight; that many are let in whatever their size. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#maxRequests = 2 * concurrency + 1024;
  }

  get isFull(): boolean {
    return this.#requests >= this.#concurrency && (this.#requests >= this.#maxRequests || this.#bytes >= maxWaitingBytes);
  }

  get isEmpty(): boolean {
    return this.#requests === 0;
  }

  enter(bytes: number): void {
    this.#requests += 1;
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
  }
}
