import { setImmediate } from "node:timers/promises";
import { messageOf, OutputError } from "../../model/errors.ts";
import type { BatchResult } from "../../model/result.ts";
import { packResult, unpackResult } from "./packed-result.ts";
import { Spool } from "./spool.ts";
import { Wakeup } from "./wakeup.ts";

/** What stands at an index: nothing yet, the result, or its offset in the spool. */
type Content = BatchResult | number | undefined;

/** Of the memory, what may be ready to leave before reading ahead stops. Objects that outlive their first moments are what garbage collection costs. */
const backlogShare = 1 / 32;

/** What leaves together at most; the last one may be larger. */
const groupResults = 256;
const groupBytes = 1024 * 1024;

/** Elements in front of the head are removed by this many at least. */
const minCut = 1024;

export interface ResultQueueOptions {
  /** Whether results leave in the order in which their requests entered, or as they come. */
  readonly inOrder: boolean;
  /** How much may wait in memory to leave; the rest waits in a temporary file. */
  readonly memoryBytes: number;
  readonly spoolDirectory?: string;
}

/**
 * Lets results leave in order. Requests stand in a first-in first-out queue and the head leaves as soon as it has its result; one
 * slow request holds back the leaving of the others, never their sending.
 */
export class ResultQueue {
  readonly #options: ResultQueueOptions;
  /** One element for each request from the head on: 8 bytes while it waits behind a slow one, whatever the size of its answer. */
  #contents: Content[] = [];
  /** Where in `#contents` the queue begins: taking the first out of a long array would move all others. */
  #head = 0;
  /** How many elements have been removed in front of `#contents`. */
  #cutOff = 0;
  #heldBytes = 0;
  #spool: Spool | undefined;
  #ended = false;
  readonly #wakeup = new Wakeup();

  constructor(options: ResultQueueOptions) {
    this.#options = options;
  }

  /** @returns the request's index, how many came before it, for `fill`. */
  enter(): number {
    return this.#options.inOrder ? this.#append() : 0;
  }

  /** Results could leave and are not taken: more of them would only fill memory. */
  get isBackedUp(): boolean {
    return this.#isHeadReady && this.#heldBytes >= this.#options.memoryBytes * backlogShare;
  }

  get #isHeadReady(): boolean {
    return this.#contents[this.#head] !== undefined;
  }

  /** @throws OutputError if the result must wait on disk and cannot. */
  fill(index: number, result: BatchResult): void {
    const at = (this.#options.inOrder ? index : this.#append()) - this.#cutOff;
    const isHead = at === this.#head;
    this.#contents[at] = this.#hold(result, isHead);
    if (isHead) this.#wakeup.fire();
  }

  /** Nothing more will enter, and no missing result will come. */
  end(): void {
    this.#ended = true;
    this.#wakeup.fire();
  }

  /** Results as they may leave, at least one at a time, until the queue has ended and its head has nothing to wait for. */
  async *leave(): AsyncGenerator<readonly BatchResult[]> {
    for (;;) {
      const group = this.#takeGroup();
      if (group.length > 0) {
        yield group;
      } else if (this.#ended) {
        return;
      } else {
        await this.#wakeup.wait();
        await setImmediate(); // results come in bursts, one burst a turn of the event loop
      }
    }
  }

  #takeGroup(): BatchResult[] {
    const group: BatchResult[] = [];
    let bytes = 0;
    while (group.length < groupResults && bytes < groupBytes) {
      const content = this.#contents[this.#head];
      if (content === undefined) break;
      this.#contents[this.#head] = undefined;
      this.#head += 1;
      const result = this.#release(content);
      bytes += sizeOf(result);
      group.push(result);
    }
    this.#cutFront();
    return group;
  }

  close(): void {
    this.#spool?.close();
    this.#spool = undefined;
  }

  #append(): number {
    this.#contents.push(undefined);
    return this.#cutOff + this.#contents.length - 1;
  }

  #cutFront(): void {
    if (this.#head < minCut || this.#head * 2 < this.#contents.length) return;
    this.#contents = this.#contents.slice(this.#head);
    this.#cutOff += this.#head;
    this.#head = 0;
  }

  #hold(result: BatchResult, isHead: boolean): BatchResult | number {
    const bytes = sizeOf(result);
    if (!isHead && this.#heldBytes + bytes > this.#options.memoryBytes) return this.#spill(result);
    this.#heldBytes += bytes;
    return result;
  }

  #spill(result: BatchResult): number {
    try {
      this.#spool ??= new Spool(this.#options.spoolDirectory);
      return this.#spool.append(packResult(result));
    } catch (error) {
      const where = this.#options.spoolDirectory ?? "the system's temporary folder";
      throw new OutputError(`answers that wait for an earlier line cannot be kept in ${where}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  #release(content: BatchResult | number): BatchResult {
    if (typeof content !== "number") {
      this.#heldBytes -= sizeOf(content);
      return content;
    }
    if (this.#spool === undefined) throw new Error("a result waits in a spool file that was never opened");
    return unpackResult(this.#spool.read(content));
  }
}

/** Roughly what a result takes in memory: its texts and some hundred bytes of objects around them. */
function sizeOf(result: BatchResult): number {
  return (result.response?.body.length ?? 0) + (result.metadata?.length ?? 0) + 400;
}
