/** Bodies of waiting requests may take this much memory, beyond those that can be in flight. */
const maxWaitingBytes = 64 * 1024 * 1024;

/** Requests enter in bursts of about this many: done by turns with HTTP, parsing and hashing one of them takes five times as long. */
const burstRequests = 512;

/**
 * Decides how far the manager reads ahead: far enough that every slot is always in use and that cache reads come in large groups,
 * not so far that a file of large bodies fills the memory.
 */
export class RequestWindow {
  readonly #concurrency: number;
  readonly #maxRequests: number;
  #requests = 0;
  #bytes = 0;
  #wasFull = false;

  /** @param concurrency Requests that can be in flight; that many are let in whatever their size. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#maxRequests = 2 * concurrency + 1536;
  }

  /** Once full, it stays so until there is room for a burst. */
  get isFull(): boolean {
    const spareRequests = this.#wasFull ? burstRequests : 0;
    const spareBytes = this.#wasFull ? maxWaitingBytes / 4 : 0;
    this.#wasFull =
      this.#requests >= this.#concurrency &&
      (this.#requests >= this.#maxRequests - spareRequests || this.#bytes >= maxWaitingBytes - spareBytes);
    return this.#wasFull;
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
