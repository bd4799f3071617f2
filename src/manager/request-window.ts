/** Bodies of waiting requests may take this much memory, beyond those that can be in flight. */
const maxWaitingBytes = 64 * 1024 * 1024;

/** Requests enter in bursts of about this many: done by turns with HTTP, parsing and hashing one of them takes five times as long. */
const burstRequests = 256;

/**
 * While the cache knows everything, the size of the window does not depend on how many can be asked at a time: so many are read, looked up
 * and written at the same time; more would only be copied about by garbage collection.
 */
const recallBurstRequests = 512;
const recallRequests = 1664;

/**
 * Decides how far the manager reads ahead: far enough that every slot is always in use and that cache reads come in large groups,
 * not so far that a file of large bodies fills the memory.
 */
export class RequestWindow {
  readonly #concurrency: number;
  readonly #askingRequests: number;
  #requests = 0;
  #bytes = 0;
  #wasFull = false;
  #isRecalling = false;

  /** @param concurrency Requests that can be in flight; that many are let in whatever their size. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#askingRequests = 2 * concurrency + 512;
  }

  /** Tells of each group that was looked up whether the cache knew all of it. */
  observeRecall(isAllKnown: boolean): void {
    this.#isRecalling = isAllKnown;
  }

  /** Once full, it stays so until there is room for a burst. */
  get isFull(): boolean {
    const most = this.#isRecalling ? recallRequests : this.#askingRequests;
    const spareRequests = this.#isRecalling ? recallBurstRequests : burstRequests;
    const emptyRequests = this.#wasFull ? spareRequests : 0;
    const emptyBytes = this.#wasFull ? maxWaitingBytes / 4 : 0;
    this.#wasFull =
      this.#requests >= this.#concurrency &&
      (this.#requests >= most - emptyRequests || this.#bytes >= maxWaitingBytes - emptyBytes);
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
