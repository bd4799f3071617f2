import { setImmediate } from "node:timers/promises";
import { OutputError } from "../model/errors.ts";
import type { BatchResult } from "../model/result.ts";
import { packResult, unpackResult } from "./packed-result.ts";
import { Spool, type SpoolRecord } from "./spool.ts";
import { Wakeup } from "./wakeup.ts";

/** A request's place in the queue. Some 60 bytes while it waits behind a slow one, whatever the size of its answer. */
export interface Place {
  content: BatchResult | SpoolRecord | undefined;
  next: Place | undefined;
}

/** What may lie about ready to be taken is little: objects that outlive their first moments are what garbage collection costs. */
const backlogShare = 64;

/** What leaves together at most; the last one may be larger. */
const groupResults = 256;
const groupBytes = 1024 * 1024;

export interface ResultQueueOptions {
  /** Whether results leave in the order in which their requests entered, or as they come. */
  readonly inOrder: boolean;
  /** How much may wait in memory behind a result that has not come yet; the rest waits in a temporary file. */
  readonly memoryBytes: number;
  readonly spoolDirectory?: string;
}

/**
 * Lets results leave in order. Requests stand in a first-in first-out queue and the head leaves as soon as it has its result; one
 * slow request holds back the leaving of the others, never their sending.
 */
export class ResultQueue {
  readonly #options: ResultQueueOptions;
  #head: Place | undefined;
  #tail: Place | undefined;
  #heldBytes = 0;
  #spool: Spool | undefined;
  #ended = false;
  readonly #wakeup = new Wakeup();

  constructor(options: ResultQueueOptions) {
    this.#options = options;
  }

  /** Takes a place; `fill` must be called with it once. */
  enter(): Place {
    const place: Place = { content: undefined, next: undefined };
    if (this.#options.inOrder) this.#append(place);
    return place;
  }

  /** Results could leave, but nobody takes them: no reason to make more of them. */
  get isBackedUp(): boolean {
    return this.#head?.content !== undefined && this.#heldBytes >= this.#options.memoryBytes / backlogShare;
  }

  /** @throws OutputError if the result must wait on disk and cannot. */
  fill(place: Place, result: BatchResult): void {
    if (!this.#options.inOrder) this.#append(place);
    place.content = this.#hold(place, result);
    if (place === this.#head) this.#wakeup.fire();
  }

  /** Nothing more will enter, and no empty place will be filled. */
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
    while (this.#head?.content !== undefined && group.length < groupResults && bytes < groupBytes) {
      const result = this.#release(this.#detach(this.#head, this.#head.content));
      bytes += sizeOf(result);
      group.push(result);
    }
    return group;
  }

  close(): void {
    this.#spool?.close();
    this.#spool = undefined;
  }

  /** A place that has left leads nowhere: whoever still holds it does not hold all that came after it. */
  #detach(head: Place, content: BatchResult | SpoolRecord): BatchResult | SpoolRecord {
    this.#head = head.next;
    if (this.#head === undefined) this.#tail = undefined;
    head.next = undefined;
    head.content = undefined;
    return content;
  }

  #append(place: Place): void {
    if (this.#tail === undefined) this.#head = place;
    else this.#tail.next = place;
    this.#tail = place;
  }

  #hold(place: Place, result: BatchResult): BatchResult | SpoolRecord {
    const bytes = sizeOf(result);
    if (place !== this.#head && this.#heldBytes + bytes > this.#options.memoryBytes) {
      return this.#spill(result);
    }
    this.#heldBytes += bytes;
    return result;
  }

  #spill(result: BatchResult): SpoolRecord {
    try {
      this.#spool ??= new Spool(this.#options.spoolDirectory);
      return this.#spool.append(packResult(result));
    } catch (error) {
      const where = this.#options.spoolDirectory ?? "the system's temporary folder";
      const why = error instanceof Error ? error.message : String(error);
      throw new OutputError(`answers that wait for an earlier line cannot be kept in ${where}: ${why}`, { cause: error });
    }
  }

  #release(content: BatchResult | SpoolRecord): BatchResult {
    if ("offset" in content && this.#spool !== undefined) return unpackResult(this.#spool.read(content));
    if ("offset" in content) throw new Error("a result waits in a spool file that was never opened");
    this.#heldBytes -= sizeOf(content);
    return content;
  }
}

/** Roughly what a result takes in memory: its texts and some hundred bytes of objects around them. */
function sizeOf(result: BatchResult): number {
  return (result.answer?.body.length ?? 0) + (result.metadata?.length ?? 0) + 400;
}
