import { on } from "node:events";
import { Worker } from "node:worker_threads";
import type { Options } from "../config/options.ts";
import type { LinePlace } from "../jsonl/jsonl.ts";
import { targetOf } from "../model/fingerprint.ts";
import type { BatchRequest } from "../model/request.ts";
import type { Provider } from "../providers/provider.ts";
import type { TokenStats } from "../stats/token-stats.ts";
import type { CheckedInput } from "./check-input.ts";
import type { Input } from "./input.ts";
import type { NotedFingerprints } from "./noted-fingerprints.ts";
import { type PackedRequests, unpackRequests } from "./packed-requests.ts";
import type { ParsingOptions, RequestGroup } from "./requests.ts";

export interface ReadingNeeds {
  readonly options: Options;
  readonly checked: CheckedInput;
  readonly provider: Pick<Provider, "endpoint">;
  readonly stats: Pick<TokenStats, "attempts" | "cacheHits">;
}

/** @returns a thread for a file that was found good whole, and that lies still; undefined for what only one place can read. */
export async function createReadingThread(
  input: Input,
  { options, checked, provider, stats }: ReadingNeeds,
): Promise<ReadingThread | undefined> {
  const { model, set, allow_files } = options;
  const version = await input.version();
  if (version === undefined || !checked.idsAreUnique || allow_files !== undefined) return undefined;
  return new ReadingThread({
    path: input.name,
    version,
    parsing: { model, set, allow_files },
    lines: checked.total ?? 0,
    isWanted: () => stats.attempts === 0 && stats.cacheHits > 0,
    endpoint: (request) => provider.endpoint(request),
  });
}

export interface ReadingThreadOptions {
  /** A file, and its `Input.version`. */
  readonly path: string;
  readonly version: string;
  readonly parsing: ParsingOptions;
  /** How many lines there are to be read. */
  readonly lines: number;
  /** Whether to read, which is half of the work where all answers are remembered, is what the run waits for. Asked again and again. */
  readonly isWanted: () => boolean;
  /** Half of a request's fingerprint: see `Provider.endpoint`. */
  readonly endpoint: (request: BatchRequest) => string | undefined;
  /** From how many lines on a thread is worth what it takes to begin. Default 50,000. */
  readonly worthwhileLines?: number;
  /** What runs in it. Default: `reading-thread-worker.js` beside this file. */
  readonly script?: URL;
}

/** What the thread is begun with. */
export type ThreadSettings = Pick<ReadingThreadOptions, "path" | "version" | "parsing">;

/** From this thread to the other. */
export type Order =
  /** Fingerprints are not worked out where they are noted. */
  | { readonly kind: "read"; readonly from: LinePlace; readonly isNoted: boolean }
  /** A group of so many bytes was taken: there is room for another. */
  | { readonly kind: "taken"; readonly bytes: number }
  /** Where requests with this `targetOf` go. */
  | { readonly kind: "endpoint"; readonly target: string; readonly endpoint: string };

/** From the other thread to this one. */
export type Delivery =
  /** The first of all. */
  | { readonly kind: "ready" }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "requests"; readonly requests: PackedRequests; readonly next: LinePlace }
  | { readonly kind: "end" };

/** What is read lives for moments only; with more room V8 would clean up later, not better. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 };

/** Models and paths that a file names are few; of more than this, fingerprints are worked out by this thread. */
const mostEndpoints = 256;

/**
 * A thread that reads a file, makes requests of its lines and works out their fingerprints, which is half of what it takes to resume
 * a run. It is no other way of reading, only another place for it: the same parser works there, and whatever happens to the thread,
 * this one can go on by itself behind the last group that it was given.
 */
export class ReadingThread {
  readonly #options: ReadingThreadOptions;
  #worker: Worker | undefined;
  #isReady = false;
  #isGone = false;
  readonly #told = new Set<string>();

  constructor(options: ReadingThreadOptions) {
    this.#options = options;
  }

  /** Whether it can go on reading from here. Begins it when that becomes worth it. */
  canTakeOver({ lineNumber }: LinePlace): boolean {
    const { isWanted, lines, worthwhileLines = 50_000 } = this.#options;
    if (this.#isGone || !isWanted()) return false;
    if (this.#worker === undefined && lines - lineNumber >= worthwhileLines) this.#begin();
    return this.#isReady;
  }

  /** Reads on, as far as it is wanted. @returns where to go on without it: perhaps at the end. */
  async *read(
    from: LinePlace,
    warn: (warning: string) => void,
    noted?: NotedFingerprints,
  ): AsyncGenerator<RequestGroup, LinePlace> {
    let place = from;
    if (this.#worker === undefined) return place;
    await noted?.prepare(from.lineNumber, from.lineNumber);
    const isNoted = noted?.knows(from.lineNumber) ?? false;
    const deliveries = on(this.#worker, "message", { close: ["exit"] });
    this.#order({ kind: "read", from, isNoted });
    try {
      for await (const [message] of deliveries) {
        const delivery: Delivery = message;
        if (delivery.kind === "end") break;
        if (delivery.kind === "warning") warn(delivery.text);
        if (delivery.kind !== "requests") continue;
        this.#order({ kind: "taken", bytes: delivery.next.byte - place.byte });
        const requests = unpackRequests(delivery.requests);
        if (!isNoted) this.#tellEndpoints(requests);
        await noted?.prepare(place.lineNumber, delivery.next.lineNumber);
        yield {
          requests: noted === undefined ? requests : requests.map((request) => noted.name(request)),
          lines: requests.length,
        };
        place = delivery.next;
        if (!this.#options.isWanted()) break;
      }
    } catch {
      this.#isGone = true; // what it met in the file, this thread will meet as well
    } finally {
      await this.close();
    }
    return place;
  }

  /** It reads no more. */
  async close(): Promise<void> {
    this.#isGone = true;
    await this.#worker?.terminate();
  }

  #begin(): void {
    const { script = new URL("reading-thread-worker.js", import.meta.url), path, version, parsing } = this.#options;
    const settings: ThreadSettings = { path, version, parsing };
    try {
      this.#worker = new Worker(script, { workerData: settings, resourceLimits });
    } catch {
      this.#isGone = true; // node may be told to allow no threads
      return;
    }
    this.#worker.once("message", () => {
      this.#isReady = true;
    });
    this.#worker.on("error", () => {
      this.#isGone = true;
    });
  }

  #tellEndpoints(requests: readonly BatchRequest[]): void {
    for (const request of requests) {
      if (request.fingerprint !== undefined || this.#told.size >= mostEndpoints) continue;
      const target = targetOf(request);
      if (this.#told.has(target)) continue;
      const endpoint = this.#options.endpoint(request);
      if (endpoint === undefined) continue;
      this.#told.add(target);
      this.#order({ kind: "endpoint", target, endpoint });
    }
  }

  #order(order: Order): void {
    this.#worker?.postMessage(order);
  }
}
