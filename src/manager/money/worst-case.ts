import type { Candidate, Demand } from "../../model/demand.ts";
import type { BatchRequest } from "../../model/request.ts";
import { type Billing, noUsage, type Usage } from "../../model/usage.ts";
import type { PriceBook, PricedModel } from "../../pricing/pricing.ts";
import { demandAt, type Provider } from "../../providers/providers.ts";
import type { Spending } from "./account.ts";
import { boundRequest, type RequestBounds } from "./request-bounds.ts";

/** Which of the two is capped, and what is known of models. */
export interface WorstCaseOptions {
  readonly provider: Provider;
  readonly prices?: PriceBook | undefined;
  /** Whether money is capped: then every model needs a price. */
  readonly isPriced: boolean;
}

/** The most that one attempt of a request can take: at the dearest of its targets, in the dearest way to bill it. */
export class WorstCases {
  readonly #options: WorstCaseOptions;

  constructor(options: WorstCaseOptions) {
    this.#options = options;
  }

  /** @returns in words, for a person, why there is no bound. */
  of(request: BatchRequest, { candidates }: Demand): Spending | string {
    let [costUsd, tokens] = [0, 0];
    for (const candidate of candidates) {
      const worst = this.#at(request, candidate);
      if (typeof worst === "string") return worst;
      costUsd = Math.max(costUsd, worst.costUsd);
      tokens = Math.max(tokens, worst.tokens);
    }
    return { costUsd, tokens };
  }

  #at(request: BatchRequest, { target, cost }: Candidate): Spending | string {
    const { provider, prices, isPriced } = this.#options;
    const model = { baseUrl: target.baseUrl, provider: target.name, model: cost.model };
    const asSent = provider.asSent?.(request, target) ?? request;
    const bounds = boundRequest(asSent);
    const window = prices?.contextWindowOf(model);
    const { remoteTool, outputTokens = window } = bounds;
    if (remoteTool !== undefined) return unboundedTool(remoteTool);
    if (outputTokens === undefined) return unboundedAnswer(model, asSent);
    const promptTokens = Math.min(bounds.inputTokens, window ?? Infinity);
    if (promptTokens === Infinity) return unboundedInput(model);
    const most = { ...noUsage, promptTokens, completionTokens: outputTokens * bounds.answers };
    const costUsd = isPriced ? dearest(prices, model, most, bounds) : 0;
    if (costUsd === null) return unpriced(model);
    return { costUsd, tokens: most.promptTokens + most.completionTokens };
  }
}

/** Tells of each request why nothing bounds what it can take; undefined where something does. For files, before anything is sent. */
export function findUnbounded(options: WorstCaseOptions): (request: BatchRequest) => string | undefined {
  const worstCases = new WorstCases(options);
  const { provider } = options;
  return (request) => {
    const demand = demandAt(provider, request);
    const worst = worstCases.of(request, demand);
    return typeof worst === "string" ? worst : undefined;
  };
}

/** @returns null where the price is not known. */
function dearest(prices: PriceBook | undefined, model: PricedModel, most: Usage, bounds: RequestBounds): number | null {
  const plain = prices?.costOf(most, model) ?? null;
  if (prices === undefined || plain === null) return null;
  const costs = waysToBill(most, bounds).map((usage) => prices.costOf(usage, model) ?? 0);
  return Math.max(plain, ...costs);
}

/** Some of them no model has; their prices are those of others then, or not known. */
function waysToBill({ promptTokens, completionTokens }: Usage, { hasAudio, mayBePriority }: RequestBounds): Usage[] {
  const inputs: Partial<Usage>[] = [
    {},
    { cachedTokens: promptTokens },
    { cacheWriteTokens: promptTokens },
    { cacheWriteTokens: promptTokens, billing: { hourCacheWriteTokens: promptTokens } },
    ...(hasAudio ? [{ billing: { inputAudioTokens: promptTokens } }] : []),
  ];
  const outputs: Partial<Usage>[] = [
    {},
    { reasoningTokens: completionTokens },
    ...(hasAudio ? [{ billing: { outputAudioTokens: completionTokens } }] : []),
  ];
  const tiers: Billing[] = mayBePriority ? [{}, { tier: "priority" }] : [{}];
  const ways: Usage[] = [];
  for (const input of inputs)
    for (const output of outputs)
      for (const tier of tiers) {
        const billing = { ...input.billing, ...output.billing, ...tier };
        ways.push({ ...noUsage, promptTokens, completionTokens, ...input, ...output, billing });
      }
  return ways;
}

function named({ model, provider }: PricedModel): string {
  return `${JSON.stringify(model)} (${provider})`;
}

function unpriced(model: PricedModel): string {
  return `the price of ${named(model)} is not known, so nothing bounds its cost: give it with --prices FILE, or in "prices" of the configuration`;
}

function unboundedAnswer(model: PricedModel, { path }: BatchRequest): string {
  const limit = path === "/v1/responses" ? "max_output_tokens" : "max_tokens";
  return `nothing bounds the answer of ${named(model)}: set ${limit} in the body, or in all with --set, or context_windows of its provider in the configuration`;
}

function unboundedInput(model: PricedModel): string {
  return (
    `a part of the request is not text of its body (a file, or an earlier response), and nothing else bounds it: ` +
    `give how many tokens ${named(model)} holds in context_windows of its provider, in the configuration`
  );
}

function unboundedTool(tool: string): string {
  return `${JSON.stringify(tool)} is run by the provider, as often as the model likes, and nothing bounds what that takes`;
}
