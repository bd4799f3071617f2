import { DigestCounts } from "../../model/counting/digest-counts.ts";
import { type CacheStore, findAnswers } from "../../caches/caches.ts";
import type { Options } from "../../config/options.ts";
import { BoundedCount, Estimator, type TokenCounts } from "../../estimation/estimation.ts";
import { type Preparer, type RequestName, RequestNames } from "../../manager/manager.ts";
import type { BatchInput, BatchRequest } from "../../model/request.ts";
import { noUsage, type Usage } from "../../model/usage.ts";
import type { PriceBook } from "../../pricing/pricing.ts";
import { isEmptyAnswer, type Provider } from "../../providers/providers.ts";
import { createQuietPreparer } from "./fit-check.ts";
import { OwnLines } from "./own-lines.ts";
import { rateLimitsOf } from "../../setup/setup.ts";
import { countTokens, estimateInputTokens, hasTokenizer, isCounted } from "../../tokens/tokens.ts";

export interface RequestEstimationOptions {
  readonly options: Options;
  readonly provider: Provider;
  /** Undefined where no answer is to be found. */
  readonly cache: CacheStore | undefined;
  readonly prices: PriceBook;
}

/** A request, and how many come before it that are sent with the same text. */
export interface PlacedRequest {
  readonly request: BatchRequest;
  /** As a run sends it. */
  readonly asSent: BatchRequest;
  readonly occurrence: number;
}

/** Estimates what a run of the requests that it is given, in their order, would take. */
export class RequestEstimation {
  readonly estimator: Estimator;
  readonly #options: Options;
  readonly #provider: Provider;
  readonly #cache: CacheStore | undefined;
  readonly #names: RequestNames;
  readonly #preparer: Preparer;
  readonly #shared = new DigestCounts();
  readonly #ownLines: OwnLines;
  #left: number;

  constructor({ options, provider, cache, prices }: RequestEstimationOptions) {
    this.#options = options;
    this.#provider = provider;
    this.#cache = options.refresh ? undefined : cache;
    this.#names = new RequestNames(provider, options.dedupe);
    this.#preparer = createQuietPreparer(options, provider, prices);
    this.#left = options.head;
    this.#ownLines = new OwnLines(options.shard);
    const budgetMs = options.count === "exact" ? Infinity : undefined;
    const counts = new BoundedCount(tokenCounts(options), budgetMs);
    this.estimator = new Estimator({
      provider,
      prices,
      counts,
      limits: rateLimitsOf(options),
      concurrency: options.concurrency,
    });
  }

  /** Adds the next lines. @returns those of the shard that can be sent. */
  async add(inputs: readonly BatchInput[]): Promise<PlacedRequest[]> {
    const wanted = inputs.slice(0, Math.max(0, this.#left));
    this.#left -= inputs.length;
    const own = new Set(wanted.filter(() => this.#ownLines.next()));
    const placed = wanted.flatMap((input) =>
      input.kind === "request" && this.#provider.endpoint(input) !== undefined ? [this.#place(input)] : [],
    );
    const ownPlaced = placed.filter(({ request }) => own.has(request));
    const usages = await this.#recall(ownPlaced);
    ownPlaced.forEach(({ asSent, key }, at) => {
      const usage = usages[at] ?? (this.#isShared(key) ? noUsage : undefined);
      if (usage === undefined) this.estimator.add(asSent);
      else this.estimator.addCached(asSent, usage);
    });
    return ownPlaced;
  }

  #place(request: BatchRequest): NamedRequest {
    const asSent = this.#preparer.prepare(request).request;
    const isNamed = this.#cache !== undefined || this.#options.dedupe;
    const { key, occurrence = 0 }: Partial<RequestName> = isNamed ? this.#names.name(asSent) : {};
    return { request, asSent, occurrence, key };
  }

  /** With `dedupe`: an identical request came before. */
  #isShared(key: string | undefined): boolean {
    return this.#options.dedupe && key !== undefined && this.#shared.add(key) > 0;
  }

  async #recall(requests: readonly NamedRequest[]): Promise<(Usage | undefined)[]> {
    const usages: (Usage | undefined)[] = [];
    const keys = requests.flatMap(({ key }) => key ?? []);
    if (this.#cache === undefined) return usages;
    for await (const answer of findAnswers(this.#cache, keys)) {
      const path = requests[usages.length]?.request.path ?? "";
      const isRefused = answer !== undefined && this.#options.retry_empty && isEmptyAnswer(path, answer);
      usages.push(isRefused ? undefined : answer?.usage);
    }
    return usages;
  }
}

interface NamedRequest extends PlacedRequest {
  /** Undefined where nothing is looked up. */
  readonly key: string | undefined;
}

function tokenCounts(options: Options): TokenCounts<BatchRequest> {
  const fast = estimateInputTokens;
  if (options.count === "fast" || !hasTokenizer()) return { fast };
  return { fast, exact: (request) => (isCounted(request.model) ? countTokens(request, request.model) : undefined) };
}
