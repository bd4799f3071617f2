import type { BatchRequest } from "../../model/request.ts";
import type { Usage } from "../../model/usage.ts";
import type { PriceBook, PricedModel } from "../../pricing/pricing.ts";
import { demandAt, type Provider } from "../../providers/providers.ts";

/** A file may name any number of models. */
const maxKnownModels = 1000;

/** What the answers of one provider cost, in US dollars. */
export class Costs {
  readonly #provider: Provider;
  readonly #prices: PriceBook | undefined;
  readonly #known = new Map<string, PricedModel | undefined>();

  constructor(provider: Provider, prices: PriceBook | undefined) {
    this.#provider = provider;
    this.#prices = prices;
  }

  /** What the provider reports counts also where no prices are known. @returns null where the price is not known. */
  costOf(usage: Usage, model: PricedModel): number | null {
    return usage.billing?.reportedCostUsd ?? this.#prices?.costOf(usage, model) ?? null;
  }

  /** What an answer from the cache would have cost. @returns null where the price is not known. */
  savedBy(usage: Usage, request: BatchRequest): number | null {
    if (this.#prices === undefined) return usage.billing?.reportedCostUsd ?? null;
    const model = this.modelOf(request);
    return model === undefined ? null : this.costOf(usage, model);
  }

  /** The model that a request is for, at the target that would be asked first. @returns undefined where there is none. */
  modelOf(request: BatchRequest): PricedModel | undefined {
    const key = `${request.provider ?? ""} ${request.model} ${request.path}`;
    if (this.#known.has(key)) return this.#known.get(key);
    if (this.#known.size >= maxKnownModels) this.#known.clear();
    const model = firstModel(request, this.#provider);
    this.#known.set(key, model);
    return model;
  }
}

function firstModel(request: BatchRequest, provider: Provider): PricedModel | undefined {
  const demand = demandAt(provider, request);
  const [first] = demand.candidates;
  return first && { baseUrl: first.target.baseUrl, provider: first.target.name, model: first.cost.model };
}
