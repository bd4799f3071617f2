import type { Candidate, Target } from "../model/demand.ts";
import type { RateLimit } from "../model/rate-limit.ts";
import type { BatchRequest } from "../model/request.ts";
import type { Usage } from "../model/usage.ts";
import type { PriceBook } from "../pricing/pricing.ts";
import { demandAt, type Provider } from "../providers/providers.ts";
import type { BoundedCount } from "./bounded-count.ts";
import { addRanges, type Estimate, mapRange, nothing, type Range } from "./estimate.ts";
import { expectedLatency } from "./expected-latency.ts";
import { limitsOfRun } from "./limits-of-run.ts";
import { ModelEstimate } from "./model-estimate.ts";
import { timeOf } from "./time.ts";

export interface EstimatorOptions {
  /** Says where requests would go. */
  readonly provider: Pick<Provider, "name" | "baseUrl" | "route" | "estimate">;
  /** @default none: what it costs is not known */
  readonly prices?: PriceBook | undefined;
  readonly counts: BoundedCount<BatchRequest>;
  /** Of the run, beside those of its targets. */
  readonly limits: readonly RateLimit[];
  readonly concurrency: number;
}

/** Adds up what the requests of a file take. Its memory grows with the number of models, not of requests. */
export class Estimator {
  readonly #options: EstimatorOptions;
  /** By provider, model and path, as requests name them. */
  readonly #models = new Map<string, ModelEstimate | undefined>();
  #requests = 0;
  #cached = 0;

  constructor(options: EstimatorOptions) {
    this.#options = options;
  }

  /** A request to be sent. */
  add(request: BatchRequest): void {
    this.#requests += 1;
    this.#modelOf(request)?.add(this.#options.counts.of(request), request.maxOutputTokens);
  }

  /** A request whose answer is known: those of others will be like it. */
  addCached(request: BatchRequest, usage: Usage): void {
    this.#requests += 1;
    this.#cached += 1;
    this.observe(request, usage);
  }

  /** The answer to a request that was added, or to another one. @param latencyMs Of one that was sent now. */
  observe(request: BatchRequest, usage: Usage, latencyMs?: number): void {
    this.#modelOf(request)?.observe(usage, this.#options.counts.of(request).tokens, latencyMs);
  }

  /** As far as it is known now. */
  estimate(): Estimate {
    const { prices, limits, concurrency } = this.#options;
    const models = [...this.#models.values()].flatMap((model) => (model === undefined || model.requests === 0 ? [] : [model]));
    const total = (rangeOf: (model: ModelEstimate) => Range): Range => models.map(rangeOf).reduce(addRanges, nothing);
    const toSend = this.#requests - this.#cached;
    const costs = models.map((model) => model.costUsd((usage, priced) => prices?.costOf(usage, priced) ?? null));
    const unpriced = models.filter((_, at) => costs[at] === null).map(({ model }) => model.model);
    const { latencyMs, lastMs } = expectedLatency(models);
    const time = timeOf(limitsOfRun(limits, models), { requests: toSend, concurrency, latencyMs, lastMs });
    return {
      requests: this.#requests,
      cached: this.#cached,
      toSend,
      inputTokens: Math.round(total((model) => model.inputTokens).expected),
      outputTokens: mapRange(
        total((model) => model.outputTokens),
        Math.round,
      ),
      costUsd: unpriced.length > 0 ? null : costs.reduce<Range>((sum, cost) => addRanges(sum, cost ?? nothing), nothing),
      seconds: time.seconds,
      boundBy: time.boundBy,
      unpricedModels: [...new Set(unpriced)],
      counted: models.reduce((sum, { counted }) => sum + counted, 0),
      answersSeen: models.reduce((sum, { answersSeen }) => sum + answersSeen, 0),
    };
  }

  /** @returns undefined where it would go nowhere. */
  #modelOf(request: BatchRequest): ModelEstimate | undefined {
    const key = `${request.provider ?? ""} ${request.model} ${request.path}`;
    if (this.#models.has(key)) return this.#models.get(key);
    const model = this.#createModel(request);
    this.#models.set(key, model);
    return model;
  }

  #createModel(request: BatchRequest): ModelEstimate | undefined {
    const { candidates } = demandAt(this.#options.provider, request);
    const [first] = candidates;
    return first && new ModelEstimate(first, targetsBeside(first, candidates), request.path);
  }
}

/** Those that share the work with it. */
function targetsBeside({ rank }: Candidate, candidates: readonly Candidate[]): readonly Target[] {
  return candidates.filter((one) => one.rank === rank).map(({ target }) => target);
}
