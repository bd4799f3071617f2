/** Bodies of waiting requests may take this much memory, beyond those that can be in flight. */
const maxWaitingBytes = 64 * 1024 * 1024;

/** Requests enter in bursts of about this many: done by turns with HTTP, parsing and hashing one of them takes five times as long. */
const burstRequests = 256;

/** So many beyond twice the slots: each slot is in use at any time, and the cache is read in large groups. */
const waitingRequests = 512;

/** Decides how far a run reads ahead: not so far that a file of large bodies fills the memory. */
export class RequestWindow {
  readonly #concurrency: number;
  #requests = 0;
  #bytes = 0;
  #wasFull = false;

  /** @param concurrency Requests that can be in flight; that many are let in whatever their size. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** Once full, it stays so until there is room for a burst. */
  get isFull(): boolean {
    const maxRequests = 2 * this.#concurrency + waitingRequests - (this.#wasFull ? burstRequests : 0);
    const maxBytes = this.#wasFull ? maxWaitingBytes * 0.75 : maxWaitingBytes;
    const isFull = this.#requests >= maxRequests || this.#bytes >= maxBytes;
    this.#wasFull = isFull && this.#requests >= this.#concurrency;
    return this.#wasFull;
  }

  /** How many have entered and not left. */
  get requests(): number {
    return this.#requests;
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
