import type { Cost, TokenCounting } from "../model/cost.ts";
import { type Demand, demandOf, type Target } from "../model/demand.ts";
import type { BatchRequest } from "../model/request.ts";
import { estimateInputTokens } from "../tokens/tokens.ts";
import type { Provider } from "./provider.ts";

/** What a request is expected to take from limits, before anything is known of its answer. */
export function estimate(request: BatchRequest, counting: TokenCounting): Cost {
  const { model, maxOutputTokens } = request;
  return { model, inputTokens: estimateInputTokens(request), maxOutputTokens, counting };
}

const nowhere: ReadonlySet<Target> = new Set();

/** What a request needs to start at a provider, be it one target or many. @param failed Targets where it has failed; they come last. */
export function demandAt(
  provider: Pick<Provider, "name" | "baseUrl" | "route" | "estimate">,
  request: BatchRequest,
  failed: ReadonlySet<Target> = nowhere,
): Demand {
  return provider.route?.(request, failed) ?? demandOf(provider, provider.estimate(request));
}
