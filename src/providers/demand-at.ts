import { type Demand, demandOf, type Target } from "../model/demand.ts";
import type { BatchRequest } from "../model/request.ts";
import type { Provider } from "./provider.ts";

const nowhere: ReadonlySet<Target> = new Set();

/** What a request needs to start at a provider, be it one target or many. @param failed Targets where it has failed; they come last. */
export function demandAt(
  provider: Pick<Provider, "name" | "baseUrl" | "route" | "estimate">,
  request: BatchRequest,
  failed: ReadonlySet<Target> = nowhere,
): Demand {
  return provider.route?.(request, failed) ?? demandOf(provider, provider.estimate(request));
}
