import { type Asker, type Band, batchAsker } from "../../model/demand.ts";
import { BatchFloor } from "./batch-floor.ts";
import { WaitingQueue, type WaitingRequest } from "./waiting-queue.ts";

/** The requests of one client in one band, in the order of their tickets. */
interface Flow {
  readonly asker: Asker;
  readonly queue: WaitingQueue;
  /** Tokens that it has had, for each of its weight. */
  had: number;
}

/**
 * Requests of several askers. Live ones go before those of batches, which keep a floor. Inside a band the next one is of the client that has
 * had the fewest tokens for its weight; one that did not wait meanwhile has saved nothing up.
 */
export class FairQueue {
  readonly #onAbort: () => void;
  readonly #floor = new BatchFloor();
  readonly #flows: Readonly<Record<Band, Flow[]>> = { live: [], batch: [] };
  /** What the one that started last in each band had had by then. */
  readonly #reached: Record<Band, number> = { live: 0, batch: 0 };

  /** @param onAbort Called after requests have left because of an abort. */
  constructor(onAbort: () => void) {
    this.#onAbort = onAbort;
  }

  get length(): number {
    return countOf(this.#flows.live) + countOf(this.#flows.batch);
  }

  countLive(): number {
    return countOf(this.#flows.live);
  }

  /** How many could be next: of two the second one, where the first is a batch's and has no slot. */
  get heads(): number {
    return this.#isBatchsTurn && this.#first("live") !== undefined ? 2 : 1;
  }

  get doesBatchWait(): boolean {
    return this.#first("batch") !== undefined;
  }

  /** @param index Below `heads`; 0 for the one whose turn it is. */
  at(index: number): WaitingRequest | undefined {
    return this.#flowAt(index)?.queue.at(0);
  }

  /** Its signal must not be aborted yet. */
  push(request: WaitingRequest): void {
    const { band } = askerOf(request);
    const flow = this.#flowOf(askerOf(request)) ?? this.#add(askerOf(request));
    if (flow.queue.length === 0) flow.had = Math.max(flow.had, this.#reached[band]);
    flow.queue.push(request);
  }

  shift(index = 0): WaitingRequest | undefined {
    const flow = this.#flowAt(index);
    if (flow === undefined) return undefined;
    this.#floor.started(flow.asker.band, this.doesBatchWait);
    return flow.queue.shift();
  }

  /** @returns what is called with the tokens that were not used, negative where more were. */
  charge(asker: Asker, tokens: number): ((unusedTokens: number) => void) | undefined {
    const flow = this.#flowOf(asker);
    if (flow === undefined) return undefined;
    this.#reached[asker.band] = Math.max(this.#reached[asker.band], flow.had);
    flow.had += tokens / asker.weight;
    return (unusedTokens) => {
      flow.had -= unusedTokens / asker.weight;
    };
  }

  get #isBatchsTurn(): boolean {
    return this.doesBatchWait && (this.#floor.isDue || this.#first("live") === undefined);
  }

  #flowAt(index: number): Flow | undefined {
    return this.#first(index === 0 && this.#isBatchsTurn ? "batch" : "live");
  }

  /** Clients are few. */
  #first(band: Band): Flow | undefined {
    let first: Flow | undefined;
    for (const flow of this.#flows[band])
      if (flow.queue.length > 0 && !(first !== undefined && first.had <= flow.had)) first = flow;
    return first;
  }

  #flowOf({ band, client }: Asker): Flow | undefined {
    return this.#flows[band].find(({ asker }) => asker.client === client);
  }

  #add(asker: Asker): Flow {
    const flow = { asker, queue: new WaitingQueue(this.#onAbort), had: 0 };
    this.#flows[asker.band].push(flow);
    return flow;
  }
}

export function askerOf({ demand: { asker = batchAsker } }: Pick<WaitingRequest, "demand">): Asker {
  return asker;
}

function countOf(flows: readonly Flow[]): number {
  let sum = 0;
  for (const { queue } of flows) sum += queue.length;
  return sum;
}
